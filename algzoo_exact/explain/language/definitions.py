"""Named expressions, read from their headings and texts."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from algzoo_exact.errors import InputError
from algzoo_exact.explain.language.expand import Definition
from algzoo_exact.explain.language.parser import parse, parse_header
from algzoo_exact.explain.language.syntax import ParseError, names

MOST_DEFINITIONS = 1000


def read_definitions(
    texts: Mapping[str, str], domains: Collection[str] = ()
) -> dict[str, Definition]:
    """Definitions by name, from headings such as ``M`` or ``M(t, i)`` and their expressions.

    Messages call those whose headings are in ``domains`` domains.

    ParseError, with the heading, where one cannot be parsed; InputError where two have one name,
    a parameter has a definition's name, or some refer to each other in a circle.
    """
    if len(texts) > MOST_DEFINITIONS:
        raise InputError(
            f"There are {len(texts)} definitions, at most {MOST_DEFINITIONS} are read."
        )
    found: dict[str, Definition] = {}
    for heading, text in texts.items():
        try:
            name, parameters = parse_header(heading)
        except ParseError as error:
            raise error.inside(f"heading {heading!r}") from None
        if name in found:
            raise InputError(f"The name {name} is defined twice.")
        place = f"{'domain' if heading in domains else 'definition'} {name}"
        try:
            found[name] = Definition(name, parameters, parse(text), place)
        except ParseError as error:
            raise error.inside(place) from None
    for definition in found.values():
        for parameter in definition.parameters:
            if parameter in found:
                raise InputError(
                    f"The parameter {parameter} of {definition.name} is a definition's name; "
                    "choose another."
                )
    _check_no_circle(found)
    return found


def _check_no_circle(definitions: Mapping[str, Definition]) -> None:
    """By peeling: definitions that use finished ones only are finished."""
    uses = {
        name: {used.name for used in names(definition.body.root) if used.name in definitions}
        for name, definition in definitions.items()
    }
    waiting = dict(uses)
    while finished := [name for name, used in waiting.items() if not used & waiting.keys()]:
        for name in finished:
            del waiting[name]
    if not waiting:
        return
    # Each that is left uses one that is left: walking on, a name comes twice.
    path = [min(waiting)]
    while path[-1] not in path[:-1]:
        path.append(min(uses[path[-1]] & waiting.keys()))
    circle = path[path.index(path[-1]) :]
    if len(circle) == 2:
        raise InputError(f"The definition {circle[0]} refers to itself.")
    raise InputError(f"The definitions {' -> '.join(circle)} refer to each other in a circle.")
