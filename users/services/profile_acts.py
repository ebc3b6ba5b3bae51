"""What is told of a profile by its owner or by an operator: column by column, checked, latest telling wins."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from config.kit.refusal import Refusal
from users.models import Customer, Operator
from users.profile import EVER, NOT_ATTRIBUTES, TRAITS, Profile, Refused, converted
from users.services import audit, profile, survivors
from users.tracking.refusals import ItemRefused
from users.tracking.traits import normalise

EDITABLE = (
    *("name", "first_name", "last_name", "gender", "birthday", "country", "region", "city"),
    *("language", "time_zone", "occupation", "industry", "income_band", "education", "interests"),
)
ATTRIBUTE = "attribute:"
"""Columns of a profile that people fill in; the others follow from what happened."""
_TRAIT_OF = {trait.column: name for name, trait in reversed(TRAITS.items())}


@transaction.atomic
def tell(
    customer_id: int,
    columns: Mapping[str, Any],
    *,
    now: datetime,
    attributes: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Put what somebody says of a customer on record; the columns that changed, with what was before.

    ``attributes``: custom ones by name, null forgets; in what is returned they are called ``attribute:<name>``.
    Refuses ``bad_value`` with the field, and ``not_found``. It outdoes what identify calls said before.
    """
    customer_id = survivors.hold_one(customer_id)
    before = Customer.objects.values(*EDITABLE, "attributes").get(pk=customer_id)
    wanted = {column: _converted(column, value, now) for column, value in columns.items()}
    own = checked_attributes(attributes or {}, before["attributes"])
    changed = {column: before[column] for column, value in wanted.items() if value != before[column]}
    told = traits_of({c: wanted[c] for c in changed})
    for name, value in own.items():
        if value != before["attributes"].get(name):
            changed[f"{ATTRIBUTE}{name}"] = before["attributes"].get(name)
            told[name] = value
    profile.hear([profile.Told(customer_id, now, told)], oldest_trigger=now)
    return changed


def checked_attributes(told: Mapping[str, Any], held: Mapping[str, Any]) -> dict[str, Any]:
    """Custom attributes that the profile ``held`` can take, as an identify call tells them. Refuses others by name."""
    blank = Profile(columns={}, attributes=dict(held), told_at={})
    for name, value in told.items():
        field = f"attributes.{name}"[:100]
        if name in TRAITS or name in NOT_ATTRIBUTES:
            raise Refusal("reserved_name", _("This name is no custom attribute's."), field=field)
        try:
            blank.hear(normalise({name: value}), EVER)
        except ItemRefused:
            blank.ignored += 1
        if blank.ignored:
            raise Refusal("bad_value", _("This value makes no sense here."), field=field)
    return dict(told)


def checked(columns: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Columns as they are kept. Refuses ``bad_value``."""
    return {column: _converted(column, value, now) for column, value in columns.items()}


@transaction.atomic
def edit(
    customer: Customer,
    columns: Mapping[str, Any],
    *,
    by: Operator | None,
    now: datetime,
    actor: str = "",
    attributes: Mapping[str, Any] | None = None,
) -> None:
    """An operator or the shop's back end corrects a profile; the audit trail keeps what was before and after."""
    before = tell(customer.pk, columns, now=now, attributes=attributes)
    if before:
        told = {**columns, **{f"{ATTRIBUTE}{name}": value for name, value in (attributes or {}).items()}}
        after = {name: told[name] for name in before}
        audit.record(
            "customer.edit",
            by=by,
            actor=actor,
            target=customer,
            before=_readable(before),
            after=_readable(after),
        )


def _converted(column: str, value: Any, now: datetime) -> Any:
    """The value as the column keeps it, through the same check that identify calls pass."""
    if column not in EDITABLE:
        raise Refusal("not_editable", _("This cannot be changed here."), field=column)
    try:
        return converted(_TRAIT_OF[column], _as_told(value), now)
    except Refused:
        raise Refusal("bad_value", _("This value makes no sense here."), field=column) from None


def _as_told(value: Any) -> Any:
    """As an identify call says it; null forgets."""
    if isinstance(value, date):
        return value.isoformat()
    return None if value in ("", []) else value


def traits_of(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Columns as an identify call would tell them; an emptied one is forgotten."""
    traits: dict[str, Any] = {}
    for column, value in columns.items():
        told = _as_told(value)
        name, _dot, part = _TRAIT_OF[column].partition(".")
        if part:
            traits.setdefault(name, {})[part] = told
        else:
            traits[name] = told
    return traits


def _readable(columns: Mapping[str, Any]) -> dict[str, Any]:
    return {c: v.isoformat() if isinstance(v, date) else v for c, v in columns.items()}
