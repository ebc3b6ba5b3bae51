"""Asking a field with an operator: the one place where known, absent and negated are put together."""

from typing import Any

from django.db.models import Exists, Q
from django.db.models import Value as Constant

from segments.registry import Field
from segments.rules.as_of import AsOf
from segments.rules.operators import Operator


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
