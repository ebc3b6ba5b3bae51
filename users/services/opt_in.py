"""Double opt-in: a yes that comes from the public is asked back by e-mail and counts when it is confirmed.

Asking puts a request on record and says so as an event; campaigns mail the link. What it leads to does
nothing until its owner presses the button (POST), so that programs which follow links agree to nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from config.kit.batches import copy_rows, fetch, temporary_table
from config.kit.refusal import NotFound, Refusal
from users import facts, tokens
from users.models import Channel, ConsentRequest, ContactPoint, ContactState
from users.services import consent, contacts, survivors
from users.services.events import NewEvent, record_many

GOOD_FOR = timedelta(days=7)
QUIET_FOR = timedelta(hours=1)
"""Asked again within this time, the first mail is enough."""
MOST_A_DAY = 3
"""Mails to one address in 24 hours, whoever asks: nobody can have a stranger's mailbox filled."""
SOURCE = "double opt-in"


@dataclass(frozen=True, slots=True)
class Request:
    """A yes to be asked back at ``address``. ``key`` makes it count once."""

    customer_id: int
    key: str
    topic: str
    address: str
    source: str
    wording: str = ""
    ip: str | None = None


def ask_many(requests: Iterable[Request], now: datetime) -> int:
    """Ask back what topics want to have asked back; how many mails follow.

    Passed over: topics without double opt-in, what is granted already, what was asked within the hour, and
    more than a few mails a day to one address. The caller's transaction holds the customers.
    """
    rows = [(r.customer_id, r.key, r.topic, r.address, r.source, r.wording, r.ip) for r in requests]
    if not rows:
        return 0
    columns = ("customer_id", "key", "topic", "address", "source", "wording", "ip")
    temporary_table(
        "told_request",
        "customer_id bigint, key text, topic text, address text, source text, wording text, ip inet",
    )
    copy_rows("told_request", columns, rows)
    asked = fetch(
        _ASK,
        {
            "now": now,
            "until": now + GOOD_FOR,
            "lately": now - QUIET_FOR,
            "day": now - timedelta(days=1),
            "most": MOST_A_DAY,
        },
    )
    return record_many(
        (_fact(customer_id, key, topic_id, now) for customer_id, key, topic_id in asked), now=now
    )


_ASK = """
    WITH fresh AS (
        SELECT DISTINCT ON (told.customer_id, topic.id, told.address) told.*, topic.id AS topic_id
        FROM told_request told JOIN users_topic topic ON topic.slug = told.topic
        WHERE topic.double_opt_in AND NOT topic.is_service
          AND NOT EXISTS (
              SELECT FROM users_consent consent
              WHERE consent.customer_id = told.customer_id AND consent.channel = 'email'
                AND consent.topic_id = topic.id AND consent.is_current AND consent.granted)
          AND NOT EXISTS (
              SELECT FROM users_consentrequest open
              WHERE open.customer_id = told.customer_id AND open.topic_id = topic.id
                AND open.address = told.address AND open.asked_at > %(lately)s
                AND open.confirmed_at IS NULL AND open.withdrawn_at IS NULL)
          AND NOT EXISTS (
              SELECT FROM users_contactpoint point
              WHERE point.customer_id = told.customer_id AND point.channel = 'email'
                AND point.address = told.address AND point.state IN ('bouncing', 'blocked'))
        ORDER BY told.customer_id, topic.id, told.address, told.key
    ),
    numbered AS (
        SELECT fresh.*, row_number() OVER (PARTITION BY address ORDER BY customer_id, key) + (
            SELECT count(*) FROM users_consentrequest old
            WHERE old.address = fresh.address AND old.asked_at > %(day)s) AS number
        FROM fresh
    )
    INSERT INTO users_consentrequest (customer_id, key, channel, topic_id, address, source, wording, ip,
                                      asked_at, expires_at)
    SELECT customer_id, key, 'email', topic_id, address, source, wording, ip, %(now)s, %(until)s
    FROM numbered WHERE number <= %(most)s
    ON CONFLICT DO NOTHING
    RETURNING customer_id, key, topic_id
"""


def link(request: ConsentRequest) -> str:
    """The address of the page that confirms."""
    whose = tokens.Pass(request.customer_id, request.key)
    return f"{settings.PUBLIC_URL}/y/{tokens.make(tokens.Purpose.CONFIRM, whose, until=request.expires_at)}"


def request_of(token: str, now: datetime) -> ConsentRequest:
    """The request that a link is about. Refuses ``not_found`` for a link that does not (or no longer) work."""
    about = tokens.read(tokens.Purpose.CONFIRM, token, now=now)
    found = about and (
        ConsentRequest.objects.select_related("topic")
        .filter(customer_id=survivors.survivor_of(about.customer_id), key=about.about)
        .first()
    )
    if not found:
        raise NotFound(_("This link does not work, or no longer."))
    return found


@transaction.atomic
def confirm(token: str, *, ip: str | None, now: datetime) -> ConsentRequest:
    """The owner of the mailbox says yes: the answer is put into the ledger and the address is verified.

    A second time changes nothing. Refuses ``not_found``, and ``withdrawn`` when a no came after the question.
    """
    asked = request_of(token, now)
    customer_id = survivors.hold_one(asked.customer_id)
    request = ConsentRequest.objects.select_related("topic").get(customer_id=customer_id, key=asked.key)
    if request.confirmed_at is not None:
        return request
    if request.withdrawn_at is not None:
        raise Refusal("withdrawn", _("You have said no since. Nothing was changed."), status=409)
    given = consent.Answer(
        customer_id, f"optin:{request.key}"[:150], Channel.EMAIL, request.topic.slug, True, now, SOURCE,
        request.wording, ip,
    )  # fmt: skip
    consent.answer_many([given], now)
    contacts.add_many([contacts.Contact(customer_id, Channel.EMAIL, request.address, confirmed=True)], now)
    if not _is_blocked(request):
        contacts.set_state(customer_id, Channel.EMAIL, request.address, ContactState.VERIFIED, now)
    request.confirmed_at = now
    request.save(update_fields=["confirmed_at"])
    return request


def open_requests(customer_id: int, now: datetime) -> list[ConsentRequest]:
    """What still waits for a confirmation, newest first."""
    found = ConsentRequest.objects.select_related("topic").filter(
        customer_id=customer_id, confirmed_at=None, withdrawn_at=None, expires_at__gt=now
    )
    return list(found.order_by("-asked_at"))


def _is_blocked(request: ConsentRequest) -> bool:
    return ContactPoint.objects.filter(
        customer_id=request.customer_id,
        channel=Channel.EMAIL,
        address=request.address,
        state=ContactState.BLOCKED,
    ).exists()


def _fact(customer_id: int, key: str, topic_id: int, now: datetime) -> NewEvent:
    return NewEvent(
        customer_id=customer_id,
        name=facts.CONSENT_ASKED,
        key=f"{facts.CONSENT_ASKED}:{key}"[:150],
        occurred_at=now,
        properties={"request": key, "topic": topic_id},
    )
