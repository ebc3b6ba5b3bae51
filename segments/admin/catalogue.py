"""What the form may offer: the registry as plain data for static/segments/builder.js."""

from typing import Any

from babel.numbers import get_currency_precision
from django.utils.translation import gettext as _

from segments import registry
from segments.models import Segment
from segments.registry import Collection, Field, Source
from segments.rules.conditions.collection import HAVING
from segments.rules.kinds import MONEY, NUMBER, OPEN
from segments.rules.measures import MEASURES
from segments.rules.operators import INSTANT_OPERATORS, Operator
from segments.services.preview import event_names
from users.models import Channel, Topic
from users.shop import currency


def catalogue(but: Segment | None = None) -> dict[str, Any]:
    """Everything a condition can be made of; ``but`` is the segment being edited: it cannot hold itself."""
    others = Segment.objects.exclude(pk=but.pk) if but else Segment.objects.all()
    code = currency.get()
    return {
        "fields": [_field(field) for field in registry.fields],
        "collections": [_collection(collection) for collection in registry.collections],
        "sources": [_source(source) for source in registry.sources],
        "events": event_names(),
        "segments": [[str(pk), name] for pk, name in others.values_list("pk", "name")],
        "topics": [[topic.slug, str(topic)] for topic in Topic.objects.order_by("pk")],
        "channels": [[value, str(label)] for value, label in Channel.choices],
        "measures": [{"name": m.name, "label": str(m.label), "of": m.of} for m in MEASURES.values()],
        "windows": [_operator(operator) for operator in INSTANT_OPERATORS],
        "open": [_operator(operator) for operator in OPEN.operators.values()],
        "currency": {"code": code, "digits": get_currency_precision(code)},
        "words": _words(),
    }


def _field(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "label": str(field.label),
        "group": str(field.group),
        "operators": [_operator(operator) for operator in field.kind.operators.values()],
        "choices": _choices(field),
        "suggests": field.suggest is not None,
        "money": field.kind.is_money,
        "figure": field.rows is None and field.kind in (NUMBER, MONEY),
    }


def _operator(operator: Operator) -> dict[str, str]:
    return {"name": operator.name, "label": str(operator.label), "input": operator.argument.input}


def _choices(entry: Field | Collection) -> list[list[str]] | None:
    if entry.choices is None:
        return None
    return [[value, str(label)] for value, label in entry.choices().items()]


def _collection(collection: Collection) -> dict[str, Any]:
    return {
        "name": collection.name,
        "label": str(collection.label),
        "group": str(collection.group),
        "operators": [
            {"name": name, "label": str(having.label), "input": "texts"} for name, having in HAVING.items()
        ],
        "choices": _choices(collection),
        "suggests": collection.suggest is not None,
    }


def _source(source: Source) -> dict[str, Any]:
    return {
        "name": source.name,
        "label": str(source.label),
        "group": str(source.group),
        "did": str(source.did),
        "did_not": str(source.did_not),
        "properties": [_field(field) for field in source.properties.values()],
        "open": bool(source.open_properties),
    }


def _words() -> dict[str, str]:
    """The words that the script itself puts on the page."""
    return {
        "all": _("all of these"),
        "any": _("any of these"),
        "none": _("none of these"),
        "match": _("Customers for whom"),
        "add": _("Add a condition"),
        "group": _("Add a group"),
        "remove": _("Remove"),
        "value": _("value"),
        "days": _("days"),
        "about": _("What it is about"),
        "how": _("How it is asked"),
        "event": _("An event"),
        "eventName": _("Name of the event"),
        "attribute": _("A custom attribute"),
        "attributeName": _("Name of the attribute"),
        "other": _("Other"),
        "happened": _("What happened"),
        "mayReceive": _("May be written to"),
        "may": _("may be sent"),
        "mayNot": _("may not be sent"),
        "inSegment": _("Another segment"),
        "in": _("is in"),
        "notIn": _("is not in"),
        "forDays": _("for at least … days (optional)"),
        "everyone": _("Everyone"),
        "noOne": _("No one"),
        "did": _("happened"),
        "didNot": _("did not happen"),
        "first": _("for the first time"),
        "last": _("for the last time"),
        "ever": _("at any time"),
        "atLeast": _("at least"),
        "atMost": _("at most"),
        "of": _("of"),
        "where": _("Add a filter"),
        "property": _("property"),
        "yes": _("yes"),
        "no": _("no"),
        "day": _("day"),
        "week": _("week"),
        "month": _("month"),
        "year": _("year"),
        "and": _("and"),
        "addValue": _("Type a value and press Enter"),
    }
