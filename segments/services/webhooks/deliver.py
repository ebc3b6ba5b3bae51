"""Sending: one request at a time per endpoint, in order, until the receiver says yes.

Claim, read, send, note: the request is made outside any transaction, under a lease. Whoever dies in between
leaves the endpoint where it was; after the lease the same delivery, with the same id, is made again.

A receiver that cannot be reached, or is busy, keeps its place for days. One that answers and says no to one
request so many times will say so for ever: that request is set aside, visibly, and what is behind it goes on.
"""

import secrets
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from config.kit import clock, http
from segments.models import Endpoint, WebhookDelivery
from segments.services.changes import LAST_CUSTOMER, latest_run
from segments.services.webhooks.batches import Spot, body_of, next_changes, spot_of
from segments.services.webhooks.signing import headers
from users.services import audit
from users.services.going_out import held

LEASE = timedelta(seconds=60)
FIRST_WAIT = 5
"""Seconds before the first repetition; each further one waits twice as long."""
LONGEST_WAIT = 3_600
PATIENCE = timedelta(days=3)
"""How long an endpoint may fail before it is switched off."""
KEPT = timedelta(days=30)
GONE = 410
BUSY = frozenset({408, 425, 429, 502, 503, 504})
"""Answers that speak of the receiver, not of what was sent."""
REFUSALS = 16
"""So many times a receiver may say no to a request, some six and a half hours, before it is set aside."""
ANSWER_WITHIN = 10.0

Post = Callable[..., http.Answer]


def deliver_due(*, seconds: float = 20.0, post: Post = http.post) -> dict[str, int]:
    """Send what waits to every endpoint that is due, for about ``seconds``; what was delivered and what failed."""
    until = time.monotonic() + seconds
    done = {"delivered": 0, "failed": 0}
    for pk in _due():
        while time.monotonic() < until and not held() and (endpoint := _claim(pk)):
            delivery = _next(endpoint)
            if delivery is None:
                Endpoint.objects.filter(pk=pk).update(lease_until=None)
                break
            is_delivered = _send(endpoint, delivery, post)
            done["delivered" if is_delivered else "failed"] += 1
    return done


def forget_old(now: datetime) -> int:
    """Remove the lines of deliveries that are over and old; how many. What is set aside waits for somebody."""
    old = WebhookDelivery.objects.filter(created_at__lt=now - KEPT).exclude(
        state__in=(WebhookDelivery.State.WAITING, WebhookDelivery.State.PARKED)
    )
    removed, _by_model = old.delete()
    return removed


def _free(now: datetime) -> Q:
    return Q(state=Endpoint.State.ON, due_at__lte=now) & (Q(lease_until=None) | Q(lease_until__lt=now))


def _due() -> list[int]:
    return list(
        Endpoint.objects.filter(_free(clock.lease_now()))
        .order_by("due_at", "pk")
        .values_list("pk", flat=True)
    )


@transaction.atomic
def _claim(pk: int) -> Endpoint | None:
    """The endpoint under a lease, unless somebody else is at it or it must wait."""
    now = clock.lease_now()
    found = Endpoint.objects.select_for_update(skip_locked=True).filter(_free(now), pk=pk).first()
    if found is not None:
        found.lease_until = now + LEASE
        found.save(update_fields=["lease_until"])
    return found


@transaction.atomic
def _next(endpoint: Endpoint) -> WebhookDelivery | None:
    """What to send: what was begun, or the next changes. Where there are none, the place moves to the end."""
    waiting = WebhookDelivery.objects.filter(endpoint=endpoint, state=WebhookDelivery.State.WAITING)
    begun: WebhookDelivery | None = waiting.order_by("id").first()
    if begun is not None:
        return begun
    head = latest_run()
    after = place_of(endpoint)
    changes = next_changes(endpoint, after, until=None, head=head)
    if not changes:
        if head > endpoint.run:
            _move(endpoint, after, (head, LAST_CUSTOMER, LAST_CUSTOMER))
        return None
    return WebhookDelivery.objects.create(
        endpoint=endpoint,
        number=new_number(),
        kind=WebhookDelivery.Kind.CHANGES,
        after=list(after),
        until=list(spot_of(changes[-1])),
        changes=len(changes),
        created_at=clock.now(),
    )


def new_number() -> str:
    """The id of a delivery."""
    return f"whd_{secrets.token_hex(16)}"


def place_of(endpoint: Endpoint) -> Spot:
    """Up to where everything is delivered."""
    return endpoint.run, endpoint.segment, endpoint.customer


def _move(endpoint: Endpoint, after: Spot, until: Spot) -> None:
    """Move the place on, unless somebody else has."""
    run, segment, customer = after
    here = Endpoint.objects.filter(pk=endpoint.pk, run=run, segment=segment, customer=customer)
    here.update(run=until[0], segment=until[1], customer=until[2])


def _send(endpoint: Endpoint, delivery: WebhookDelivery, post: Post) -> bool:
    changes = []
    if delivery.until:
        until = _spot(delivery.until)
        changes = next_changes(endpoint, _spot(delivery.after), until=until, head=until[0])
    body = body_of(delivery, changes)
    signed = headers(endpoint.secret, delivery.number, int(clock.lease_now().timestamp()), body)
    try:
        answer = post(endpoint.url, body, signed, seconds=ANSWER_WITHIN)
    except http.Unreachable as problem:
        _note_failure(endpoint, delivery, None, problem.code, None)
        return False
    if 200 <= answer.status < 300:
        _note_success(endpoint, delivery, answer)
        return True
    code = "redirect" if 300 <= answer.status < 400 else "status"
    _note_failure(endpoint, delivery, answer.status, code, answer.milliseconds)
    return False


def _spot(stored: list[int]) -> Spot:
    run, segment, customer = stored
    return run, segment, customer


@transaction.atomic
def _note_success(endpoint: Endpoint, delivery: WebhookDelivery, answer: http.Answer) -> None:
    _note(delivery, WebhookDelivery.State.DELIVERED, answer.status, "", answer.milliseconds)
    if delivery.kind == WebhookDelivery.Kind.CHANGES:
        _move(endpoint, _spot(delivery.after), _spot(delivery.until))
    elif delivery.kind == WebhookDelivery.Kind.REPLAY:
        parked_of(endpoint).filter(after=delivery.after, until=delivery.until).update(
            state=WebhookDelivery.State.DELIVERED
        )
    Endpoint.objects.filter(pk=endpoint.pk).update(
        attempts=0, failing_since=None, problem="", lease_until=None, delivered_at=clock.now()
    )


@transaction.atomic
def _note_failure(
    endpoint: Endpoint, delivery: WebhookDelivery, status: int | None, code: str, milliseconds: int | None
) -> None:
    """Wait longer and longer; after days of it, or where the receiver says it is gone, switch off.

    A request that was refused too often is set aside, and the one behind it is due at once.
    """
    is_ours = delivery.kind == WebhookDelivery.Kind.CHANGES
    is_no = code == "status" and status not in BUSY and status != GONE
    is_parked = is_ours and is_no and delivery.refusals + 1 >= REFUSALS
    _note(delivery, _after_failure(is_ours, is_parked), status, code, milliseconds, is_no=is_no)
    held = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
    held.lease_until = None
    if is_ours:
        now = clock.lease_now()
        wait = 0 if is_parked else min(FIRST_WAIT * 2**held.attempts, LONGEST_WAIT)
        held.due_at = now + timedelta(seconds=wait)
        held.attempts = 0 if is_parked else min(held.attempts + 1, 30)
        held.failing_since = held.failing_since or now
        held.problem = str(status or code)
        if status == GONE or now - held.failing_since >= PATIENCE:
            held.state = Endpoint.State.DISABLED
            audit.record(
                "webhook.switch", by=None, target=held, after={"is_on": False, "reason": held.problem}
            )
    held.save()
    if is_parked:
        _move(endpoint, _spot(delivery.after), _spot(delivery.until))
        audit.record("webhook.set_aside", by=None, target=held, after=_told(delivery, status))


def _after_failure(is_ours: bool, is_parked: bool) -> str:
    """What becomes of a request that failed; what a hand asked for is not tried again."""
    if is_parked:
        return WebhookDelivery.State.PARKED
    return WebhookDelivery.State.WAITING if is_ours else WebhookDelivery.State.FAILED


def _told(delivery: WebhookDelivery, status: int | None) -> dict[str, Any]:
    return {"delivery": delivery.number, "changes": delivery.changes, "answer": status}


def parked_of(endpoint: Endpoint) -> QuerySet[WebhookDelivery]:
    """What was set aside for an endpoint, in the order of the log."""
    return WebhookDelivery.objects.filter(endpoint=endpoint, state=WebhookDelivery.State.PARKED).order_by(
        "id"
    )


def _note(
    delivery: WebhookDelivery,
    state: str,
    status: int | None,
    problem: str,
    milliseconds: int | None,
    *,
    is_no: bool = False,
) -> None:
    WebhookDelivery.objects.filter(pk=delivery.pk).update(
        state=state,
        status=status,
        problem=problem,
        milliseconds=milliseconds,
        attempts=F("attempts") + 1,
        refusals=F("refusals") + int(is_no),
        tried_at=clock.now(),
    )


PROBLEMS = {
    "forbidden": lambda: _("the address leads into a private network"),
    "unknown_host": lambda: _("the name is not known"),
    "timeout": lambda: _("no answer within ten seconds"),
    "refused": lambda: _("no connection"),
    "tls": lambda: _("the certificate is not valid"),
    "broken": lambda: _("the connection broke"),
    "redirect": lambda: _("redirects are not followed"),
    "status": lambda: _("the receiver said no"),
    "skipped": lambda: _("left out by hand"),
}


def problem_words(code: str) -> str:
    """Why a delivery failed."""
    found = PROBLEMS.get(code)
    return found() if found else code
