"""Customers by what people and programs call them: user ids, e-mails, phones, openids, order numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from users.models import IdentityKind
from users.services.contacts import email_address, phone_number
from users.services.imports import people
from users.services.imports.kinds import ORDER_NUMBER

KINDS = (
    IdentityKind.USER_ID.value,
    IdentityKind.EMAIL.value,
    IdentityKind.PHONE.value,
    IdentityKind.OPENID.value,
    ORDER_NUMBER,
)
"""By what a customer may be named, the surest first."""

Name = tuple[str, str]  # (kind, value)


@dataclass(frozen=True, slots=True)
class Found:
    """Whom names lead to, and the names that lead to nobody, as they came."""

    customers: dict[str, int]
    unknown: list[str]


def find(words: Iterable[str]) -> Found:
    """Look words up as each kind of name they can be; the surest kind that leads to somebody counts."""
    asked = list(dict.fromkeys(word.strip() for word in words if word.strip()))
    candidates = {word: _readings(word) for word in asked}
    owners = owners_of({name for names in candidates.values() for name in names})
    customers: dict[str, int] = {}
    for word in asked:
        found = next((owners[name] for name in candidates[word] if name in owners), None)
        if found is not None:
            customers[word] = found
    return Found(customers, [word for word in asked if word not in customers])


def owners_of(names: Iterable[Name]) -> dict[Name, int]:
    """Whose these names are; a number that orders of several customers bear is nobody's."""
    pairs = sorted({(kind, plain) for kind, value in names if (plain := normal(kind, value))})
    found = people.owners(pair for pair in pairs if pair[0] != ORDER_NUMBER)
    orders = people.owners_of_orders(value for kind, value in pairs if kind == ORDER_NUMBER)
    return {**found, **{(ORDER_NUMBER, number): customer_id for number, customer_id in orders.items()}}


def normal(kind: str, value: str) -> str | None:
    """A name as it is on record; None when it cannot be one of that kind."""
    plain = value.strip()
    if not plain or "\0" in plain or len(plain) > 255:
        return None
    if kind == IdentityKind.EMAIL.value:
        return email_address(plain)
    if kind == IdentityKind.PHONE.value:
        return phone_number(plain)
    return plain


def _readings(word: str) -> Sequence[Name]:
    """The names a word can be."""
    return [(kind, plain) for kind in KINDS if (plain := normal(kind, word)) is not None]
