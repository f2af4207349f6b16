"""The JSON schema of explanation files, made from what the kinds of claims declare.

``python -m algzoo_exact.explain.schema`` prints it; ``story.schema.json`` is what it printed.
"""

from __future__ import annotations

import json

from algzoo_exact.explain.claims.keys import DEFINITIONS, Json, table_schema
from algzoo_exact.explain.claims.price import SCHEMA as PRICE
from algzoo_exact.explain.claims.reading import claim_schemas
from algzoo_exact.explain.story import story_keys


def explanation_schema() -> Json:
    """The schema of the data of an explanation's TOML file, with all kinds of claims that are
    registered."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An explanation of a model: the data of its TOML file",
        "description": "Expressions are texts in the language of explanations; their grammar is "
        "in docs/notes/explanation-language.md.",
        **table_schema(story_keys()),
        "$defs": DEFINITIONS | {"price": PRICE} | claim_schemas(),
    }


if __name__ == "__main__":
    print(json.dumps(explanation_schema(), indent=2))
