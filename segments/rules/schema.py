"""The published JSON Schema of rules, written from the registry that the parser itself reads."""

from segments import registry
from segments.registry import Collection, Field, Source
from segments.rules.arguments import About, Nothing, Texts
from segments.rules.conditions import CONDITIONS
from segments.rules.conditions.collection import HAVING
from segments.rules.conditions.happening import MOST_FILTERS
from segments.rules.kinds import OPEN
from segments.rules.measures import MEASURES
from segments.rules.parse import DEEPEST, GROUPS, MOST_CONDITIONS
from segments.rules.schema_parts import TEXT, Schema, windows
from segments.rules.schema_parts import shape as _object
from segments.rules.tree import VERSION
from segments.rules.windows import LONGEST_DAYS
from users.models import Channel, Topic

NODE: Schema = {"$ref": "#/$defs/node"}
PATH: Schema = {"anyOf": [TEXT, {"type": "array", "items": TEXT, "minItems": 1, "maxItems": 5}]}


def json_schema() -> Schema:
    """JSON Schema 2020-12 of a rule. Depth, number of conditions and references are checked by the parser."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Regulars segment rule",
        "description": f"Groups at most {DEEPEST} deep, at most {MOST_CONDITIONS} conditions.",
        **_object({"version": {"const": VERSION}, "root": {"$ref": "#/$defs/group"}}),
        "$defs": {
            "group": {"oneOf": [_object({how: _list(NODE, MOST_CONDITIONS)}) for how in GROUPS]},
            "node": {"oneOf": [{"$ref": "#/$defs/group"}, {"$ref": "#/$defs/condition"}]},
            "condition": {"anyOf": _conditions()},
            "occurrence": {"anyOf": [_occurrence(source) for source in registry.sources]},
        },
    }


def _conditions() -> list[Schema]:
    return [
        *(_field({"field": {"const": field.name}}, field) for field in registry.fields),
        *(_collection(collection) for collection in registry.collections),
        *_asked({"attribute": PATH}, None),
        *(_happened(source) for source in registry.sources),
        _object(
            {"segment": {"type": "integer", "minimum": 1}, "op": {"enum": ["in", "not_in"]}},
            {"for_days": {"type": "integer", "minimum": 1, "maximum": LONGEST_DAYS}},
        ),
        _object(
            {"may_receive": {"enum": Channel.values}, "topic": {"enum": _topics()}},
            {"op": {"enum": ["may", "may_not"]}},
        ),
        *(form for condition in dict.fromkeys(CONDITIONS.values()) for form in condition.schema()),
        _object({"everyone": {"const": True}}),
        _object({"no_one": {"const": True}}),
    ]


def _topics() -> list[str]:
    return list(Topic.objects.order_by("slug").values_list("slug", flat=True))


def _field(begin: Schema, field: Field) -> Schema:
    return {"title": str(field.label), "oneOf": _asked(begin, field)}


def _asked(begin: Schema, field: Field | None) -> list[Schema]:
    """One shape per operator; without a field, those of custom attributes and open properties."""
    asked = []
    for operator in (field.kind if field else OPEN).operators.values():
        shape = {**begin, "op": {"const": operator.name}}
        if not isinstance(operator.argument, Nothing):
            shape["value"] = operator.argument.schema(field.about if field else About())
        asked.append(_object(shape))
    return asked


def _collection(collection: Collection) -> Schema:
    values = Texts().schema(collection.about)
    return _object({"collection": {"const": collection.name}, "op": {"enum": list(HAVING)}, "value": values})


def _occurrence(source: Source) -> Schema:
    return _object(_begin(source), _where(source))


def _begin(source: Source) -> Schema:
    return {"event": TEXT} if source.name == "events" else {"happened": {"const": source.name}}


def _where(source: Source) -> Schema:
    filters = [
        shape
        for name, field in source.properties.items()
        for shape in _asked({"property": {"const": name}}, field)
    ]
    if source.open_properties:
        filters.extend(_asked({"property": PATH}, None))
    return {"where": _list({"anyOf": filters}, MOST_FILTERS)} if filters else {}


def _happened(source: Source) -> Schema:
    optional = {
        "op": {"enum": ["did_not", "first", "last", *MEASURES]},
        "of": PATH,
        "at_least": {"type": "number"},
        "at_most": {"type": "number"},
        **windows(),
        **_where(source),
    }
    return _object(_begin(source), optional)


def _list(items: Schema, most: int) -> Schema:
    return {"type": "array", "items": items, "minItems": 1, "maxItems": most}
