"""Asking a field with an operator: reading and writing it, the question as an expression, and both in words.

The one place where known, absent and negated are put together.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Exists, Q
from django.db.models import Value as Constant
from django.utils.translation import gettext as _

from segments.registry import Field
from segments.rules.arguments import Nothing
from segments.rules.as_of import AsOf
from segments.rules.operators import Operator
from segments.rules.reading import Reader
from segments.rules.words import Words, day, instant, number, quoted


def asked(field: Field, operator: Operator, value: Any, as_of: AsOf) -> Q:
    """Whether the field's value answers at that instant; true or false, never NULL."""
    holds = _holds(field.then(as_of), operator, value, as_of)
    return ~holds if operator.negates else holds


def _holds(field: Field, operator: Operator, value: Any, as_of: AsOf) -> Q:
    x = field.x_at(as_of)
    known = field.kind.answers(field.kind.known(x), operator.where(x, value, as_of))
    if field.rows is None:
        return known
    some = Q(Exists(field.linked_rows().filter(known)))
    if field.absent is None:
        return some
    return some | ~Q(Exists(field.linked_rows())) & operator.where(Constant(field.absent), value, as_of)


def read_operator(reader: Reader, field: Field) -> tuple[Operator, Any]:
    """The operator and value of an object that has ``op`` and perhaps ``value``."""
    operator = field.kind.operators.get(reader.at("op").text())
    if operator is None:
        known = ", ".join(field.kind.operators)
        raise reader.at("op").refusal(
            "unknown_operator", _("cannot be asked that way (possible: %(known)s)") % {"known": known}
        )
    if isinstance(operator.argument, Nothing):
        if "value" in reader.mapping():
            operator.argument.read(reader.at("value"), field.about)
        return operator, None
    if "value" not in reader.mapping():
        raise reader.refusal("missing_key", _("needs “%(key)s”") % {"key": "value"})
    return operator, operator.argument.read(reader.at("value"), field.about)


def write_operator(operator: Operator, value: Any) -> dict[str, Any]:
    """The keys ``op`` and ``value`` of the JSON."""
    if isinstance(operator.argument, Nothing):
        return {"op": operator.name}
    return {"op": operator.name, "value": operator.argument.write(value)}


def phrase(field: Field, operator: Operator, value: Any, words: Words) -> str:
    """A field, an operator and a value as a clause."""
    texts = operator.argument.words(value, field.about, words)
    return operator.phrase(str(field.label), texts)


def show(field: Field, actual: Any, words: Words) -> str:
    """A field's actual value in words."""
    if actual is None or actual == "":
        return _("not known")
    if field.about.choices is not None:
        return str(field.about.choices().get(actual, actual))
    if isinstance(actual, bool):
        return _("yes") if actual else _("no")
    if isinstance(actual, int | Decimal):
        return words.money(actual) if field.about.is_money else number(actual)
    if isinstance(actual, datetime):
        return instant(actual)
    return day(actual) if isinstance(actual, date) else quoted(str(actual))
