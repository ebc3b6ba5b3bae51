"""Erasing a customer: everything that is held about the person goes, what the books need stays without a name.

One transaction, under the customer's lock. What other transactions had under way is cleaned once more by
``erase_again`` in the hours after.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from config.kit import clock
from config.kit.batches import execute
from config.kit.refusal import NotFound, Refusal
from users.identities import Key
from users.models import (
    ContactPoint,
    Customer,
    CustomerAlias,
    ErasedIdentity,
    Erasure,
    Identity,
    IdentityKind,
    LongJob,
    Operator,
)
from users.privacy import Erase, Holding, Traces, in_order, places, quoting, stored
from users.services import audit, erased, stages
from users.services.contacts import spellings
from users.services.long_jobs import Chunk, runs, start
from users.services.scrub import SHORTEST, scrub, tells_one_person
from users.services.touch import touch
from users.topics import TouchTopic

ERASE = "users.erase"
AGAIN_FOR = timedelta(hours=2)
OF_CONTACTS = {
    "email": IdentityKind.EMAIL.value,
    "sms": IdentityKind.PHONE.value,
    "wechat": IdentityKind.OPENID.value,
    "weibo": IdentityKind.WEIBO.value,
    "app_push": IdentityKind.DEVICE.value,
}


@transaction.atomic
def ask_to_erase(customer: Customer, *, typed: str, by: Operator | None, actor: str = "") -> LongJob:
    """An operator asks, having typed the customer's name. Refuses another name, or an erased customer."""
    _refuse_erased(customer)
    if typed.strip() != str(customer):
        raise Refusal(
            "wrong_name",
            _("Type the name exactly as it is shown: %(name)s") % {"name": customer},
            field="typed",
        )
    audit.record("customer.erase", by=by, actor=actor, target=customer)
    return _start(customer.pk, by, actor)


@transaction.atomic
def ask_to_be_erased(customer_id: int, *, actor: str) -> LongJob:
    """The customer asks, having confirmed."""
    customer = Customer.objects.get(pk=customer_id)
    _refuse_erased(customer)
    audit.record("customer.erase", by=None, actor=actor, target=customer)
    return _start(customer_id, None, "")


def _start(customer_id: int, by: Operator | None, actor: str) -> LongJob:
    under_way = LongJob.objects.filter(
        kind=ERASE, state__in=["waiting", "running"], parameters__customer=customer_id
    ).first()
    return under_way or start(
        ERASE,
        title=lambda: _("Erase customer %(number)s") % {"number": customer_id},
        by=by,
        parameters={"customer": customer_id},
        actor=actor,
        total=1,
    )


@runs(ERASE)
def _erase_chunk(job: LongJob, now: datetime) -> Chunk:
    customer_id = int(job.parameters["customer"])
    asked = job.by is None and not job.parameters.get("actor")  # nobody of the shop: the customer
    done = (
        erase(customer_id, by=job.by, now=now, asked_by_customer=asked) if _is_living(customer_id) else None
    )
    return Chunk(done=1, finished=True, result={"rows": sum(done.removed.values()) if done else 0})


@transaction.atomic
def erase(
    customer_id: int, *, by: Operator | None, now: datetime, asked_by_customer: bool | None = None
) -> Erasure:
    """Erase a customer; the record of it. Refuses one that was erased already.

    The line in the file of erasures is on the disk before the commit, so that no dump brings the person back.
    """
    customer = _hold(customer_id)
    customer_id = customer.pk
    _refuse_erased(customer)
    traces = traces_of(customer)
    hashes = {erased.digest(key) for key in _keys(customer, traces)}
    removed = _remove_rows(customer_id)
    removed |= {told.model._meta.label: scrub(told, traces) for told in quoting}
    removed |= {place.name: place.clean(traces) for place in places}
    Customer.objects.filter(pk=customer_id).update(erased_at=now)
    _keep_hashes(customer_id, hashes)
    done = Erasure.objects.create(
        customer_id=customer_id,
        at=now,
        by=by,
        asked_by_customer=by is None if asked_by_customer is None else asked_by_customer,
        removed={name: rows for name, rows in removed.items() if rows},
    )
    for topic in TouchTopic:
        touch([customer_id], topic)
    erased.remember(customer_id, hashes, now)
    return done


def erase_again(now: datetime) -> int:
    """Empty once more what transactions that ran beside recent erasures may have written since; rows changed."""
    changed = 0
    for customer_id in Erasure.objects.filter(at__gt=now - AGAIN_FOR).values_list("pk", flat=True):
        with transaction.atomic():
            stages.lock([customer_id])
            changed += sum(_remove_rows(customer_id).values())
    return changed


def replay() -> int:
    """Erase again whoever a restored dump has brought back, by the file of erasures; how many.

    Everybody's identities are hashed and compared, so that it finds people whose number or name of before the
    dump differs. Doing it twice changes nothing.
    """
    told = {one: line for line in erased.remembered() for one in line["identities"]}
    back: set[int] = set()
    known = Identity.objects.values_list("kind", "value", "customer_id", "since")
    for kind, value, customer_id, since in known.iterator() if told else ():
        line = told.get(erased.digest((kind, value)))
        if line and since <= datetime.fromisoformat(line["at"]):  # later: came back as somebody new
            back.add(customer_id)
    for customer_id in sorted(back):
        erase_if_living(customer_id)
    ErasedIdentity.objects.bulk_create(
        [ErasedIdentity(digest=one, customer_id=line["customer"]) for one, line in told.items()],
        ignore_conflicts=True,
        batch_size=1000,
    )
    return len(back)


def erase_if_living(customer_id: int) -> None:
    """Erase, unless it has been done."""
    if _is_living(customer_id):
        erase(customer_id, by=None, now=clock.now())


def traces_of(customer: Customer) -> Traces:
    """By what the person may be recognised in texts."""
    identities = tuple(Identity.objects.filter(customer=customer).values_list("kind", "value"))
    addresses = ContactPoint.objects.filter(customer=customer).values_list("address", flat=True)
    texts = {value for _kind, value in identities} | set(addresses) | {customer.user_id or ""}
    old = CustomerAlias.objects.filter(customer=customer).values_list("old_id", flat=True)
    written = {way for text in texts if text.startswith("+") for way in spellings(text)}
    words = {text for text in texts | written if tells_one_person(text)}
    if len(customer.name) >= SHORTEST and not _has_namesake(customer):
        words.add(customer.name)
    return Traces((customer.pk, *old), customer.user_id, identities, tuple(sorted(words)))


def _has_namesake(customer: Customer) -> bool:
    """Whether what names this customer may be about somebody else."""
    return Customer.objects.living().filter(name=customer.name).exclude(pk=customer.pk).exists()


def _keys(customer: Customer, traces: Traces) -> set[Key]:
    """The identities by which the person would come back: those on record, and the addresses."""
    contacts = ContactPoint.objects.filter(customer=customer).values_list("channel", "address")
    said = {(OF_CONTACTS[channel], address) for channel, address in contacts if channel in OF_CONTACTS}
    return {*traces.identities, *said}


def _remove_rows(customer_id: int) -> dict[str, int]:
    """Do to every holding what it declares; rows changed per table."""
    return {
        holding.model._meta.label: change(holding, [customer_id])
        for holding in in_order()
        if holding.erase is not Erase.KEEP
    }


def change(holding: Holding, customer_ids: Iterable[int]) -> int:
    """Delete or empty the rows of some customers in one table, as declared."""
    ids = list(customer_ids)
    if holding.clean is not None:
        return holding.clean(ids)
    where = f'WHERE "{holding.column}" = ANY(%s)'
    if holding.erase is Erase.DELETE:
        return execute(f'DELETE FROM "{holding.table}" {where}', [ids])
    columns = stored(holding.model, holding.empties)
    sets = ", ".join(f'"{column}" = %s' for column, _value in columns)
    return execute(
        f'UPDATE "{holding.table}" SET {sets} {where}', [*(value for _column, value in columns), ids]
    )


def _keep_hashes(customer_id: int, hashes: Iterable[str]) -> None:
    ErasedIdentity.objects.bulk_create(
        [ErasedIdentity(digest=one, customer_id=customer_id) for one in sorted(hashes)],
        ignore_conflicts=True,
    )


def _hold(customer_id: int) -> Customer:
    """The customer under lock, also when joined to another meanwhile. Raises NotFound."""
    for _attempt in range(3):
        current = _current(customer_id)
        stages.lock([current])
        customer = Customer.objects.select_for_update(no_key=True, of=("self",)).filter(pk=current).first()
        if customer is not None:
            return customer
    raise NotFound(_("There is no such customer."))


def _current(customer_id: int) -> int:
    alias = CustomerAlias.objects.filter(old_id=customer_id).first()
    return alias.customer_id if alias else customer_id


def _is_living(customer_id: int) -> bool:
    return Customer.objects.living().filter(pk=_current(customer_id)).exists()


def _refuse_erased(customer: Customer) -> None:
    if customer.erased_at is not None:
        raise Refusal("already_erased", _("The data of this customer has been erased already."))
