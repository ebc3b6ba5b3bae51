"""Gate: whatever is held about people is declared, so that an export shows it and an erasure reaches it."""

import pytest
from django.apps import apps
from django.db import models

from users.models import Customer
from users.privacy import Erase, Holding, holdings, impersonals, quoting

TEXTS = (models.CharField, models.TextField, models.JSONField, models.GenericIPAddressField, models.UUIDField)
# A short text of a table without a customer is a name or a code; a long one may quote somebody.
LONG = 200

MODELS = list(apps.get_models(include_auto_created=True))


def customer_columns(model: type[models.Model]) -> list[str]:
    """The columns of a table that say whose a row is."""
    return [
        field.name
        for field in model._meta.concrete_fields
        if field.related_model is Customer or field.attname == "customer_id"
    ]


def may_quote(field: models.Field) -> bool:
    """Whether a column has room for something a person said."""
    if isinstance(field, models.CharField) and (field.choices or (field.max_length or LONG) < LONG):
        return False
    return isinstance(field, TEXTS) and not isinstance(field, models.UUIDField)


@pytest.mark.parametrize("model", [one for one in MODELS if customer_columns(one)], ids=str)
def test_every_table_with_a_customer_is_declared(model: type[models.Model]) -> None:
    assert model._meta.label in holdings, (
        f"{model._meta.label} has a customer column and nobody says what an erasure does with it: add"
        f" holds(Holding({model.__name__}, _('Title'), position, Erase.DELETE, {{column: _('Name')}}))"
        f" to {model._meta.app_label}/holdings.py (see users/privacy.py)"
    )


@pytest.mark.parametrize(
    "model", [one for one in MODELS if not customer_columns(one) and one is not Customer], ids=str
)
def test_every_text_outside_is_declared(model: type[models.Model]) -> None:
    label = model._meta.label
    covered: set[str] = set()
    for found in (quoting.get(label), impersonals.get(label)):
        covered |= set(found.columns) if found else set()
    open_ones = {field.name for field in model._meta.concrete_fields if may_quote(field)} - covered
    assert not open_ones, (
        f"{label}.{', '.join(sorted(open_ones))} may quote a customer: add quotes({model.__name__},"
        f" _('Title'), empties={{column: ''}}) to {model._meta.app_label}/holdings.py, or"
        f" impersonal({model.__name__}, 'column', why='…') where it never speaks of one"
    )


@pytest.mark.parametrize("holding", list(holdings), ids=lambda one: one.model._meta.label)
def test_a_declaration_is_whole(holding: Holding) -> None:
    """Its columns exist, and of rows that stay every text is either emptied or kept on purpose."""
    fields = {field.name: field for field in holding.model._meta.concrete_fields}
    assert holding.customer in fields
    assert set(holding.empties) | set(holding.keeps) <= set(fields)
    holding.model._default_manager.values_list(*holding.columns, *holding.order)  # raises for an unknown path
    if holding.erase is Erase.DELETE:
        assert not holding.empties and not holding.keeps
        return
    assert holding.why, "say why rows stay"
    assert bool(holding.empties) == (holding.erase is Erase.EMPTY)
    texts = {name for name, field in fields.items() if isinstance(field, TEXTS) and not field.choices}
    undecided = texts - set(holding.empties) - set(holding.keeps)
    assert not undecided, f"{holding.model._meta.label} stays: empty or keep {', '.join(sorted(undecided))}"
