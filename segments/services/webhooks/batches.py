"""What an endpoint is told: up to a hundred changes behind a place in the log, in order, as JSON."""

import json
from collections.abc import Sequence
from typing import Any

from segments.models import ChangeCause, Endpoint, EndpointSegment, Segment, WebhookDelivery
from segments.services.changes import LAST_CUSTOMER, Change, Place, changes_after

MOST = 100
"""Changes in one request."""
# Edits, rebuilds, heals, lists and history change membership too, but they start nothing.
STARTING = (ChangeCause.EVENT.value, ChangeCause.CLOCK.value)

Spot = tuple[int, int, int]
"""A place in the log of all segments: run, segment, customer."""


def next_changes(endpoint: Endpoint, after: Spot, *, until: Spot | None, head: int) -> list[Change]:
    """The next changes for an endpoint behind ``after``, not beyond ``until`` nor the run ``head``."""
    wanted = [flag for flag, is_on in ((True, endpoint.entered), (False, endpoint.left)) if is_on]
    rows = EndpointSegment.objects.filter(endpoint=endpoint).values_list("segment_id", "since_run")
    places = [(segment, _behind(segment, since, after)) for segment, since in rows]
    found = changes_after(places, MOST, until_run=head, causes=STARTING, entered=wanted)
    return [one for one in found if until is None or spot_of(one) <= until]


def spot_of(change: Change) -> Spot:
    """Where a change stands."""
    return change.run_id, change.segment_id, change.customer_id


def body_of(delivery: WebhookDelivery, changes: Sequence[Change]) -> bytes:
    """The JSON of a request: the same for every attempt, but for what was erased meanwhile."""
    told: dict[str, Any] = {
        "id": delivery.number,
        "type": "ping" if delivery.kind == WebhookDelivery.Kind.PING else "segment.changes",
        "timestamp": delivery.created_at.isoformat(),
    }
    if delivery.kind != WebhookDelivery.Kind.PING:
        names = dict(
            Segment.objects.filter(pk__in={one.segment_id for one in changes}).values_list("pk", "name")
        )
        told["data"] = {"changes": [_told(one, names.get(one.segment_id, "")) for one in changes]}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def _behind(segment: int, since: int, after: Spot) -> Place:
    """The place in the log of one segment that corresponds to a place in the log of all."""
    run, at, customer = after
    here = Place(run, LAST_CUSTOMER if segment < at else customer if segment == at else 0)
    begin = Place(since, LAST_CUSTOMER)
    return max(here, begin, key=lambda place: (place.run, place.customer))


def _told(change: Change, name: str) -> dict[str, Any]:
    return {
        "id": change.id,
        "event": "segment.entered" if change.entered else "segment.left",
        "segment": {"id": change.segment_id, "name": name},
        "customer": change.customer_id,
        "user_id": change.user_id,
        "at": change.at.isoformat(),
        "cause": change.cause,
        "version": change.version,
    }
