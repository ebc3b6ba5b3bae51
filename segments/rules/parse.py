"""From JSON to a rule, strictly: what is not understood is refused, with its place and a sentence."""

from typing import Any

from django.utils.translation import gettext as _

from segments.rules.conditions import CONDITIONS, Condition
from segments.rules.reading import Reader
from segments.rules.tree import VERSION, Group, Rule

DEEPEST = 6
MOST_CONDITIONS = 50
GROUPS = ("all", "any", "none")


def parse(raw: Any) -> Rule:
    """The rule that this JSON value describes. Raises Refusal (``field`` is the path of what is wrong)."""
    reader = Reader(raw, "rule")
    reader.only(required=("version", "root"))
    if reader.at("version").raw != VERSION or isinstance(reader.at("version").raw, bool):
        raise reader.at("version").refusal("unknown_version", _("must be %(n)d") % {"n": VERSION})
    root = Reader(reader.at("root").raw, "root")
    if len(root.mapping()) != 1 or not set(root.mapping()) <= set(GROUPS):
        raise root.refusal("wrong_type", _("must be a group: “all”, “any” or “none”"))
    rule = Rule(_group(root, depth=1))
    if sum(1 for _condition in rule.root.conditions()) > MOST_CONDITIONS:
        raise root.refusal("too_large", _("may hold at most %(n)d conditions") % {"n": MOST_CONDITIONS})
    return rule


def _node(reader: Reader, depth: int) -> Group | Condition:
    keys = reader.mapping()
    if set(keys) & set(GROUPS):
        return _group(reader, depth)
    for name, condition in CONDITIONS.items():
        if name in keys:
            return condition.read(reader)
    raise reader.refusal(
        "unknown_condition",
        _("must have one of these keys: %(keys)s") % {"keys": ", ".join((*GROUPS, *CONDITIONS))},
    )


def _group(reader: Reader, depth: int) -> Group:
    if depth > DEEPEST:
        raise reader.refusal("too_deep", _("groups may be nested %(n)d deep at most") % {"n": DEEPEST})
    (how,) = set(reader.mapping()) & set(GROUPS) if len(reader.mapping()) == 1 else (None,)
    if how is None:
        raise reader.refusal("unknown_key", _("a group has exactly one key: “all”, “any” or “none”"))
    parts = reader.at(how)
    if parts.raw == []:
        raise parts.refusal("empty_group", _("must not be empty: say what should hold"))
    return Group(how, tuple(_node(item, depth + 1) for item in parts.items(1, MOST_CONDITIONS)))
