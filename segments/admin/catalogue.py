"""What the builder may offer, as plain data for static/segments/builder/: the registry and the conditions' forms."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import get_language, override
from django_stubs_ext import StrOrPromise

from config.kit import words as kit
from config.kit.currencies import minor_digits
from segments import registry
from segments.admin.builder_words import builder_words
from segments.admin.pinyin import initials
from segments.models import Segment
from segments.registry import Collection, Field, Source
from segments.rules.conditions import CONDITIONS
from segments.rules.conditions.collection import HAVING
from segments.rules.conditions.happening import measurable
from segments.rules.conditions.top import is_figure
from segments.rules.forms import Form, Input
from segments.rules.kinds import OPEN
from segments.rules.measures import MEASURES
from segments.rules.operators import INSTANT_OPERATORS, Operator
from segments.rules.parse import DEEPEST, MOST_CONDITIONS
from segments.segment_fields.categories import CATEGORY
from segments.services.preview import event_names
from users.models import AttributeDefinition
from users.shop import currency

MOST_ATTRIBUTES = 200


def catalogue(now: datetime, but: Segment | None = None) -> dict[str, Any]:
    """Everything a condition can be made of; ``but`` is the segment being edited: it cannot hold itself."""
    others = Segment.objects.exclude(pk=but.pk) if but else Segment.objects.all()
    sizes = dict(others.values_list("pk", "size"))
    code = currency.get()
    choices = ChoicesOnce()
    return {
        "fields": [_field(field, choices) for field in registry.fields],
        "collections": [_collection(collection, choices) for collection in registry.collections],
        "sources": [_source(source, choices) for source in registry.sources],
        "events": event_names(),
        "attributes": _attributes(),
        "segments": [[pk, title, sizes.get(pk, 0)] for pk, title in others.titles()],
        "forms": [_form(form, choices) for form in _forms()],
        "measures": [{"name": m.name, "label": str(m.label), "of": m.of} for m in MEASURES.values()],
        "windows": [_operator(operator) for operator in INSTANT_OPERATORS],
        "open": [_operator(operator) for operator in OPEN.operators.values()],
        "currency": {"code": code, "digits": minor_digits(code)},
        "language": get_language(),
        "today": now.astimezone(kit.shop_zone()).date().isoformat(),
        "deepest": DEEPEST,
        "most": MOST_CONDITIONS,
        "words": builder_words(),
    }


class ChoicesOnce:
    """Choices as lists of value and label; many fields share theirs, and each is read once."""

    def __init__(self) -> None:
        self._read: dict[Callable[[], Any], list[list[str]]] = {}

    def of(self, choices: Callable[[], Any] | None) -> list[list[str]] | None:
        """The choices of one field; None: it has none."""
        if choices is None:
            return None
        if choices not in self._read:
            self._read[choices] = [[value, str(label)] for value, label in choices().items()]
        return self._read[choices]


def found_by(label: StrOrPromise, name: str = "") -> str:
    """What somebody may type to find an entry: its label in every language, its initials, its name."""
    written = []
    for code, _title in settings.LANGUAGES:
        with override(code):
            written.append(str(label))
    return " ".join(dict.fromkeys([*written, *filter(None, map(initials, written)), name])).lower()


def _forms() -> Iterable[Form]:
    for name, condition in CONDITIONS.items():
        form = condition.form()
        if form is not None and form.key == name:
            yield form


def _form(form: Form, choices: ChoicesOnce) -> dict[str, Any]:
    return {
        "key": form.key,
        "label": str(form.label),
        "group": str(form.group),
        "search": found_by(form.label, form.key),
        "inputs": [_input(part, choices) for part in form.inputs],
        "fresh": form.fresh(),
    }


def _input(part: Input, choices: ChoicesOnce) -> dict[str, Any]:
    return {
        "key": part.key,
        "kind": part.kind,
        "label": str(part.label),
        "optional": part.optional,
        "choices": choices.of(part.choices),
        "least": part.least,
        "most": part.most,
        "only_if": part.only_if,
    }


def _field(field: Field, choices: ChoicesOnce) -> dict[str, Any]:
    return {
        "name": field.name,
        "label": str(field.label),
        "group": str(field.group),
        "search": found_by(field.label, field.name),
        "operators": [_operator(operator) for operator in field.kind.operators.values()],
        "choices": choices.of(field.choices),
        "suggests": field.suggest is not None,
        "is_tree": field.kind is CATEGORY,
        "is_money": field.kind.is_money,
        "is_figure": measurable(field, "figure"),
        "is_text": measurable(field, "text"),
        "has_top": is_figure(field),
    }


def _operator(operator: Operator) -> dict[str, str]:
    return {"name": operator.name, "label": str(operator.label), "input": operator.argument.input}


def _collection(collection: Collection, choices: ChoicesOnce) -> dict[str, Any]:
    return {
        "name": collection.name,
        "label": str(collection.label),
        "group": str(collection.group),
        "search": found_by(collection.label, collection.name),
        "operators": [
            {"name": name, "label": str(having.label), "input": "texts"} for name, having in HAVING.items()
        ],
        "choices": choices.of(collection.choices),
        "suggests": collection.suggest is not None,
    }


def _source(source: Source, choices: ChoicesOnce) -> dict[str, Any]:
    return {
        "name": source.name,
        "label": str(source.label),
        "group": str(source.group),
        "search": found_by(source.label, source.name),
        "did": str(source.did),
        "did_not": str(source.did_not),
        "properties": [_field(field, choices) for field in source.properties.values()],
        "is_open": bool(source.open_properties),
    }


def _attributes() -> list[dict[str, Any]]:
    known = AttributeDefinition.objects.filter(is_hidden=False).order_by("-customers", "name")
    return [
        {"name": one.name, "label": (one.label_zh or one.label) if _is_chinese() else one.label or one.name,
         "search": f"{one.name} {one.label} {one.label_zh} {initials(one.label_zh)}".lower(),
         "count": one.customers}
        for one in known[:MOST_ATTRIBUTES]
    ]  # fmt: skip


def _is_chinese() -> bool:
    return (get_language() or "").startswith("zh")
