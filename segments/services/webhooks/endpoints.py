"""Endpoints: made, changed, switched on and off, tried out; what was delivered can be sent again."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Literal

from django.db import transaction
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Now
from django.urls import reverse
from django.utils.translation import gettext as _

from config.kit import clock
from config.kit.given_names import as_read
from config.kit.http import check_url
from config.kit.refusal import Conflict, NotFound, Refusal
from segments.models import Endpoint, EndpointSegment, Segment, WebhookDelivery
from segments.services.changes import LAST_CUSTOMER, latest_run
from segments.services.webhooks.deliver import new_number, parked_of
from segments.services.webhooks.signing import new_secret
from segments.uses import Use, Uses, uses
from users.models import Operator
from users.services import audit
from users.services.jobs import nudge

ALARM_AFTER = timedelta(hours=1)
MOST_ENDPOINTS = 50
MOST_SEGMENTS = 100
Event = Literal["entered", "left"]
EVENTS: tuple[Event, ...] = ("entered", "left")


@transaction.atomic
def create(
    *,
    name: str,
    url: str,
    segments: Collection[int],
    events: Collection[str] = EVENTS,
    by: Operator | None,
    actor: str = "",
) -> Endpoint:
    """Register an endpoint; it is told what happens from now on. Raises Refusal."""
    if Endpoint.objects.count() >= MOST_ENDPOINTS:
        raise Refusal("too_many", _("A shop may have %(n)d webhooks.") % {"n": MOST_ENDPOINTS})
    made = Endpoint(secret=new_secret(), created_at=clock.now(), due_at=clock.lease_now())
    made.run, made.segment, made.customer = latest_run(), LAST_CUSTOMER, LAST_CUSTOMER
    _take(made, name, url, events)
    made.save()
    _subscribe(made, segments)
    audit.record("webhook.create", by=by, actor=actor, target=made, after=_state(made))
    return made


@transaction.atomic
def edit(
    endpoint: Endpoint,
    *,
    name: str | None = None,
    url: str | None = None,
    segments: Collection[int] | None = None,
    events: Collection[str] | None = None,
    by: Operator | None,
    actor: str = "",
) -> Endpoint:
    """Change an endpoint; of a segment that is new to it only what happens from now on is told. Raises Refusal."""
    held = get(endpoint.pk)
    before = _state(held)
    _take(
        held,
        held.name if name is None else name,
        held.url if url is None else url,
        events_of(held) if events is None else events,
    )
    held.due_at, held.attempts = clock.lease_now(), 0
    held.save()
    _begin_again(held)
    if segments is not None:
        _subscribe(held, segments)
    audit.record("webhook.edit", by=by, actor=actor, target=held, before=before, after=_state(held))
    return held


@transaction.atomic
def switch(
    endpoint: Endpoint, *, is_on: bool, skip: bool = False, by: Operator | None, actor: str = ""
) -> Endpoint:
    """Pause, or go on: from where it stopped, or with ``skip`` from now on."""
    held = get(endpoint.pk)
    held.state = Endpoint.State.ON if is_on else Endpoint.State.PAUSED
    held.due_at, held.attempts, held.failing_since, held.problem = clock.lease_now(), 0, None, ""
    if is_on and skip:
        held.run, held.segment, held.customer = latest_run(), LAST_CUSTOMER, LAST_CUSTOMER
        held.deliveries.filter(state=WebhookDelivery.State.WAITING).update(
            state=WebhookDelivery.State.FAILED, problem="skipped"
        )
    held.save()
    _begin_again(held)
    audit.record("webhook.switch", by=by, actor=actor, target=held, after={"is_on": is_on, "skip": skip})
    nudge("segments.webhooks")
    return held


@transaction.atomic
def renew_secret(endpoint: Endpoint, *, by: Operator | None, actor: str = "") -> Endpoint:
    """Sign with another secret from now on."""
    held = get(endpoint.pk)
    held.secret = new_secret()
    held.save(update_fields=["secret"])
    audit.record("webhook.renew_secret", by=by, actor=actor, target=held)
    return held


@transaction.atomic
def delete(endpoint: Endpoint, *, by: Operator | None, actor: str = "") -> None:
    """Remove an endpoint with its log."""
    held = get(endpoint.pk)
    audit.record("webhook.delete", by=by, actor=actor, target=held, before=_state(held))
    held.delete()


@transaction.atomic
def ping(endpoint: Endpoint, *, by: Operator | None, actor: str = "") -> WebhookDelivery:
    """Ask for a trial request; it is made within seconds. Raises Conflict while the endpoint is off."""
    return _by_hand(endpoint, WebhookDelivery.Kind.PING, None, by, actor)


@transaction.atomic
def replay(delivery: WebhookDelivery, *, by: Operator | None, actor: str = "") -> WebhookDelivery:
    """Send the changes of an earlier delivery once more, under a new id; their own ids are the same."""
    if not delivery.until:
        raise Conflict("nothing_to_replay", _("A trial holds nothing that could be sent again."))
    return _by_hand(delivery.endpoint, WebhookDelivery.Kind.REPLAY, delivery, by, actor)


@transaction.atomic
def send_parked(endpoint: Endpoint, *, by: Operator | None, actor: str = "") -> int:
    """Send everything that was set aside once more, the oldest first; how many requests. Raises Conflict."""
    parked = list(parked_of(get(endpoint.pk)))
    for delivery in parked:
        replay(delivery, by=by, actor=actor)
    return len(parked)


@transaction.atomic
def leave_out_parked(endpoint: Endpoint, *, by: Operator | None, actor: str = "") -> int:
    """Give up what was set aside, which ends the alarm; how many requests. Their lines stay in the log."""
    held = get(endpoint.pk)
    many = parked_of(held).update(state=WebhookDelivery.State.FAILED, problem="skipped")
    if many:
        audit.record("webhook.leave_out", by=by, actor=actor, target=held, after={"requests": many})
    return many


def get(pk: int) -> Endpoint:
    """The endpoint, held until the transaction ends. Raises NotFound."""
    found = Endpoint.objects.select_for_update().filter(pk=pk).first()
    if found is None:
        raise NotFound(_("There is no such webhook."))
    return found


def in_trouble() -> list[tuple[Endpoint, int]]:
    """Those switched off after failures, failing for an hour, or with something set aside; how much of that."""
    failing = Q(state=Endpoint.State.ON, failing_since__lt=Now() - ALARM_AFTER)
    aside = WebhookDelivery.objects.filter(endpoint=OuterRef("pk"), state=WebhookDelivery.State.PARKED)
    counted = aside.order_by().values("endpoint").annotate(many=Count("id")).values("many")
    every = Endpoint.objects.annotate(parked=Coalesce(Subquery(counted), 0))
    found = every.filter(failing | Q(state=Endpoint.State.DISABLED) | Q(parked__gt=0))
    return [(one, one.parked) for one in found]


def events_of(endpoint: Endpoint) -> list[str]:
    """What it is told of."""
    return [name for name in EVENTS if getattr(endpoint, name)]


def _begin_again(endpoint: Endpoint) -> None:
    """Somebody has seen to it: what waits gets all its tries anew."""
    endpoint.deliveries.filter(state=WebhookDelivery.State.WAITING).update(refusals=0)


def _by_hand(
    endpoint: Endpoint, kind: str, of: WebhookDelivery | None, by: Operator | None, actor: str
) -> WebhookDelivery:
    held = get(endpoint.pk)
    if held.state != Endpoint.State.ON:
        raise Conflict("switched_off", _("Switch the webhook on first."))
    made = WebhookDelivery.objects.create(
        endpoint=held, number=new_number(), kind=kind, after=of.after if of else [], until=of.until if of else [],
        changes=of.changes if of else 0, created_at=clock.now(),
    )  # fmt: skip
    act = "webhook.try" if of is None else "webhook.replay"
    audit.record(act, by=by, actor=actor, target=held)
    nudge("segments.webhooks")
    return made


def _take(endpoint: Endpoint, name: str, url: str, events: Collection[str]) -> None:
    if not name.strip() or len(name) > 100 or "\0" in name:
        raise Refusal("bad_name", _("Give it a name of at most 100 characters."), field="name")
    if not events or not set(events) <= set(EVENTS):
        raise Refusal(
            "bad_events", _("Choose whether it hears of who entered, who left, or both."), field="events"
        )
    endpoint.name, endpoint.url = name.strip(), check_url(url)
    endpoint.entered, endpoint.left = "entered" in events, "left" in events


def _subscribe(endpoint: Endpoint, segments: Collection[int]) -> None:
    wanted = set(segments)
    known = set(Segment.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    if not wanted or len(wanted) > MOST_SEGMENTS or known != wanted:
        raise Refusal(
            "bad_segments",
            _("Choose from 1 to %(n)d segments that exist.") % {"n": MOST_SEGMENTS},
            field="segments",
        )
    EndpointSegment.objects.filter(endpoint=endpoint).exclude(segment__in=wanted).delete()
    since = latest_run()
    EndpointSegment.objects.bulk_create(
        [EndpointSegment(endpoint=endpoint, segment_id=pk, since_run=since) for pk in sorted(wanted)],
        ignore_conflicts=True,
    )


def _state(endpoint: Endpoint) -> dict[str, object]:
    segments: Sequence[int] = []
    if endpoint.pk:
        segments = list(endpoint.subscriptions.order_by("segment_id").values_list("segment_id", flat=True))
    return {"name": endpoint.name, "url": endpoint.url, "events": events_of(endpoint), "segments": segments}


def _told_of(segments: Collection[int]) -> Uses:
    """The endpoints that hear of segments."""
    found: dict[int, list[Use]] = {}
    rows = (
        EndpointSegment.objects.filter(segment__in=segments)
        .select_related("endpoint")
        .order_by("endpoint__name")
    )
    for row in rows:
        url = reverse("segments:webhook", args=[row.endpoint_id])
        use = Use("webhook", _("webhook “%(name)s”") % {"name": as_read(row.endpoint.name)}, url)
        found.setdefault(row.segment_id, []).append(use)
    return found


uses.register("webhooks", _told_of)
