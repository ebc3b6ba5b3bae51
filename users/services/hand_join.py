"""An operator joins two customers who are one person: looked at first, then done, audited with both pictures.

Two customers with a userId each are never joined: the shop itself says that they are two.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from config.kit.refusal import Conflict, NotFound, Refusal
from users.identities import rank
from users.models import Consent, ContactPoint, ContactState, Customer, Operator, Topic
from users.pages import join_counts
from users.services import audit, joining, profile, survivors
from users.services.preferences import title_of

STATES = (ContactState.UNVERIFIED, ContactState.VERIFIED, ContactState.BOUNCING, ContactState.BLOCKED)
"""From better to worse: of an address both have, the worse state stays."""


@dataclass(frozen=True, slots=True)
class Moved:
    """How many of one kind of thing each of the two has."""

    title: StrOrPromise
    kept: int
    absorbed: int


@dataclass(frozen=True, slots=True)
class TraitOutcome:
    """A trait in which the two differ, and what the joined customer will have."""

    name: str
    title: StrOrPromise
    kept: Any
    absorbed: Any
    result: Any


@dataclass(frozen=True, slots=True)
class ConsentOutcome:
    """A topic on a channel that one or both answered; of a yes and a no, no stays."""

    topic: str
    channel: str
    kept: bool | None
    absorbed: bool | None
    result: bool


@dataclass(frozen=True, slots=True)
class ContactOutcome:
    """An address that comes, or that both have, with the state it will be in."""

    channel: str
    address: str
    state: str
    is_shared: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What joining two customers would do; nothing is done by looking."""

    survivor: Customer
    absorbed: Customer
    moved: list[Moved]
    traits: list[TraitOutcome]
    consents: list[ConsentOutcome]
    contacts: list[ContactOutcome]

    @property
    def word(self) -> str:
        """What the operator types to confirm: the number of the record that goes."""
        return str(self.absorbed.pk)


def pair(one_id: int, other_id: int) -> tuple[Customer, Customer]:
    """The two customers, survivor first. Refuses the same one twice, two with a userId, and unknown ones."""
    ids = {survivors.survivor_of(one_id), survivors.survivor_of(other_id)}
    if len(ids) == 1:
        raise Refusal("same_customer", _("These are the same customer already."))
    found = list(Customer.objects.living().filter(pk__in=ids, standing__isnull=False))
    if len(found) != 2:
        raise NotFound(_("There is no such customer."))
    if all(customer.user_id for customer in found):
        raise Conflict(
            "two_users",
            _(
                "Both have a user ID of their own: the shop itself says that they are two, so they are never"
                " joined. Close one of the accounts in the shop, if they are one person."
            ),
        )
    survivor, absorbed = sorted(found, key=lambda c: rank(c.user_id, c.first_seen_at, c.pk))
    return survivor, absorbed


def preview(one_id: int, other_id: int) -> Preview:
    """What a join would do. Refuses as ``pair`` does."""
    survivor, absorbed = pair(one_id, other_id)
    return Preview(
        survivor=survivor,
        absorbed=absorbed,
        moved=_moved(survivor.pk, absorbed.pk),
        traits=_traits(survivor.pk, absorbed.pk),
        consents=_consents(survivor.pk, absorbed.pk),
        contacts=_contacts(survivor.pk, absorbed.pk),
    )


@transaction.atomic
def join_by_hand(
    one_id: int, other_id: int, *, typed: str, by: Operator | None, now: datetime, actor: str = ""
) -> Customer:
    """Join the two; the survivor. Refuses ``not_confirmed`` when ``typed`` is not the word of the preview."""
    survivors.hold([one_id, other_id])
    seen = preview(one_id, other_id)
    if typed.strip() != seen.word:
        raise Refusal(
            "not_confirmed", _("Type the number %(n)s to confirm.") % {"n": seen.word}, field="typed"
        )
    before = {"survivor": _picture(seen.survivor), "absorbed": _picture(seen.absorbed)}
    joining.join(seen.survivor.pk, seen.absorbed.pk, now=now, cause="hand")
    after = Customer.objects.get(pk=seen.survivor.pk)
    moved = {str(row.title): row.absorbed for row in seen.moved if row.absorbed}
    audit.record(
        "customer.join",
        by=by,
        actor=actor,
        target=after,
        before=before,
        after={**_picture(after), "moved": moved},
    )
    return after


def _moved(kept: int, absorbed: int) -> list[Moved]:
    rows = []
    for lent in sorted(join_counts, key=lambda lent: lent.position):
        counts = lent.count([kept, absorbed])
        row = Moved(lent.title, counts.get(kept, 0), counts.get(absorbed, 0))
        if row.kept or row.absorbed:
            rows.append(row)
    return rows


def _traits(kept_id: int, absorbed_id: int) -> list[TraitOutcome]:
    """By the same calculation that the join does, on copies."""
    told = profile.profiles_of({kept_id, absorbed_id})
    kept, absorbed, both = told[kept_id], told[absorbed_id], profile.profiles_of({kept_id})[kept_id]
    both.absorb(absorbed)
    columns = [
        TraitOutcome(name, _title(name), kept.columns[name], absorbed.columns[name], both.columns[name])
        for name in both.columns
    ]
    names = sorted({*kept.attributes, *absorbed.attributes})
    attributes = [
        TraitOutcome(
            name, name, kept.attributes.get(name), absorbed.attributes.get(name), both.attributes.get(name)
        )
        for name in names
    ]
    return [row for row in (*columns, *attributes) if row.kept != row.absorbed]


def _title(column: str) -> StrOrPromise:
    return getattr(Customer._meta.get_field(column), "verbose_name", column)


def _consents(kept: int, absorbed: int) -> list[ConsentOutcome]:
    said: dict[tuple[int, str], dict[int, bool]] = {}
    rows = Consent.objects.filter(customer_id__in=(kept, absorbed), is_current=True)
    for customer, topic, channel, granted in rows.values_list(
        "customer_id", "topic_id", "channel", "granted"
    ):
        said.setdefault((topic, channel), {})[customer] = granted
    topics = Topic.objects.in_bulk()
    return [
        ConsentOutcome(title_of(topics[topic]), channel, by.get(kept), by.get(absorbed), all(by.values()))
        for (topic, channel), by in sorted(said.items())
    ]


def _contacts(kept: int, absorbed: int) -> list[ContactOutcome]:
    points = list(ContactPoint.objects.filter(customer_id__in=(kept, absorbed)))
    own = {(p.channel, p.address): p.state for p in points if p.customer_id == kept}
    coming = sorted((p for p in points if p.customer_id == absorbed), key=lambda p: (p.channel, p.address))
    return [
        ContactOutcome(
            point.channel,
            point.address,
            max(point.state, own.get((point.channel, point.address), point.state), key=_badness),
            (point.channel, point.address) in own,
        )
        for point in coming
    ]


def _badness(state: str) -> int:
    return STATES.index(ContactState(state))


def _picture(customer: Customer) -> dict[str, Any]:
    keys = customer.identities.values_list("kind", "value")
    return {
        "id": customer.pk,
        "user_id": customer.user_id,
        "name": customer.name,
        "recognised_by": sorted(f"{kind}: {value}" for kind, value in keys[:50]),
    }
