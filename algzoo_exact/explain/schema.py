"""The JSON schema of explanation files, made from what the kinds of claims declare.

``python -m algzoo_exact.explain.schema`` prints it; ``story.schema.json`` is what it printed.
"""

from __future__ import annotations

import json

from algzoo_exact.explain.claims.keys import DEFINITIONS, Json, table_schema
from algzoo_exact.explain.claims.price import SCHEMA as PRICE
from algzoo_exact.explain.claims.reading import case_schema, claim_schemas
from algzoo_exact.explain.language.toml_tables import IDENTIFIER
from algzoo_exact.explain.story import SURPRISE, model_keys

_NAMED: Json = {
    "type": "object",
    "propertyNames": {"pattern": rf"^\s*{IDENTIFIER.pattern}\s*(\(.*\))?\s*$"},
    "additionalProperties": {"$ref": "#/$defs/expression"},
}


def explanation_schema() -> Json:
    """The schema of the data of an explanation's TOML file, with all kinds of claims that are
    registered."""
    claims = claim_schemas()
    kinds = {"oneOf": [{"$ref": f"#/$defs/{name}"} for name in claims]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An explanation of a model: the data of its TOML file",
        "description": "Expressions are texts in the language of explanations; their grammar is "
        "in docs/notes/explanation-language.md.",
        "type": "object",
        "properties": {
            "title": {"type": "string"},
            "prose": {"type": "string"},
            "model": table_schema(model_keys()),
            "definitions": _NAMED,
            "domains": _NAMED,
            "claim": {"type": "array", "items": kinds},
            "case": {"type": "array", "items": case_schema()},
            "surprise": table_schema(SURPRISE),
        },
        "required": ["title", "model"],
        "additionalProperties": False,
        "$defs": DEFINITIONS | {"price": PRICE} | claims,
    }


if __name__ == "__main__":
    print(json.dumps(explanation_schema(), indent=2))
