"""Sending what is due: claim a batch, then window by window claim, commit, call, record.

A window's results are committed together with the next window's claim, so a killed dispatcher leaves at
most one window of which nobody knows whether the provider took it.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction

from campaigns import shop
from campaigns.channels import adapters
from campaigns.channels.base import Adapter, Message, Outcome, Result
from campaigns.decision import Send
from campaigns.models import Batch
from campaigns.services import health
from campaigns.services.claim import WINDOW, Claimed, Lease, claim_batch, claim_window, mark, renew
from campaigns.services.letters import LetterWriter
from campaigns.services.record import record
from config.kit import clock
from config.kit.batches import execute, fetch
from users.services.going_out import held

log = logging.getLogger(__name__)

# A window must be over well before its lease and before the task's time limit.
WINDOW_SECONDS = 10.0


@dataclass(slots=True)
class Dispatched:
    """What one call did. ``more``: it stopped for lack of time and there may be more to do."""

    batches: int = 0
    accepted: int = 0
    refused: int = 0
    lost: int = 0
    untried: int = 0
    more: bool = False

    def add(self, results: Sequence[Result]) -> None:
        """Count a window's results."""
        for result in results:
            setattr(self, result.outcome.value, getattr(self, result.outcome.value) + 1)

    def as_json(self) -> dict[str, int]:
        """For the jobs page."""
        return asdict(self)


def dispatch(*, service: bool = False, seconds: float = 15.0) -> Dispatched:
    """Send what is due until nothing is, the shop stops sending, or the time is up."""
    done = Dispatched()
    until = time.monotonic() + seconds
    free_dead_leases()
    lines: dict[str, Adapter] = {}
    try:
        while not held() and (lease := claim_batch(service=service, now=clock.now())):
            if lease.batch.channel not in lines:
                lines[lease.batch.channel] = adapters[lease.batch.channel]()
            Sender(lease, lines[lease.batch.channel], done).send(until)
            done.batches += 1
            if time.monotonic() >= until:
                done.more = True
                break
    finally:
        for line in lines.values():
            line.close()
    return done


class Sender:
    """Sends one leased batch."""

    def __init__(self, lease: Lease, line: Adapter, done: Dispatched) -> None:
        self._lease = lease
        self._line = line
        self._done = done
        self._rate = shop.messages_per_second(lease.batch.channel)
        self._writer = LetterWriter(lease.step, lease.batch.channel, is_service=lease.campaign.is_service)
        self._sent: list[Claimed] = []
        self._results: list[Result] = []

    def send(self, until: float) -> None:
        """Window after window until the batch is empty, the campaign stops, or the time is up."""
        reachable = True
        while window := self._turn(go_on=reachable and time.monotonic() < until):
            self._sent = [one for one, _message in window]
            self._results = self._line.send([message for _one, message in window], seconds=WINDOW_SECONDS)
            self._done.add(self._results)
            reachable = self._note_health()

    def _turn(self, *, go_on: bool) -> list[tuple[Claimed, Message]]:
        """Record the last window and claim the next in one commit; empty when the batch is put down.

        A window of which every message was skipped leaves nothing to call, so the next is taken at once.
        """
        if go_on:
            time.sleep(health.reserve(self._lease.batch.channel, self._size, self._rate))
        while True:
            with transaction.atomic():
                now = clock.now()
                self._record(now)
                claimed = claim_window(self._lease, self._size, now) if go_on and renew(self._lease) else None
                if claimed is None:
                    put_down(self._lease)
                    return []
                window = self._write_and_mark(claimed, now)
            if window:
                return window

    @property
    def _size(self) -> int:
        """Messages in a window: under a speed limit no more than go out in a second."""
        return min(WINDOW, self._rate) if self._rate else WINDOW

    def _record(self, now: datetime) -> None:
        if self._sent:
            record(self._lease, self._sent, self._results, now)
            self._sent, self._results = [], []

    def _write_and_mark(self, claimed: Sequence[Claimed], now: datetime) -> list[tuple[Claimed, Message]]:
        going = [one for one in claimed if isinstance(one.verdict, Send)]
        window = self._writer.write(going, now)
        mark(self._lease, claimed, now)
        return window

    def _note_health(self) -> bool:
        """Tell the circuit breaker how the provider did; whether it could be reached."""
        unreachable = [
            result for result in self._results if result.outcome is Outcome.UNTRIED and result.error
        ]
        if unreachable:
            health.failed(self._lease.batch.channel, unreachable[0].error, clock.now())
            return False
        health.worked(self._lease.batch.channel, clock.now())
        return True


def put_down(lease: Lease) -> None:
    """Give a batch back: done when nothing of it is queued, else waiting for the next dispatcher."""
    execute(
        """
        UPDATE campaigns_batch b SET lease_until = NULL, state = CASE
            WHEN EXISTS (SELECT FROM campaigns_delivery d WHERE d.batch_id = b.id AND d.state = 'queued')
            THEN 'waiting' ELSE 'done' END
        WHERE b.id = %s AND b.attempt = %s AND b.state = 'leased'
        """,
        [lease.batch.pk, lease.number],
    )


def free_dead_leases() -> int:
    """Batches whose dispatcher died: its last window is unknown, the rest waits again. How many batches.

    Where the provider drops repeats by our key, the last window is simply sent again.
    """
    freed = 0
    while batch := _take_dead():
        freed += 1
        log.warning("dead_lease", extra={"batch": batch.pk})
    return freed


def _take_dead() -> Batch | None:
    with transaction.atomic():
        rows = fetch(
            """
            SELECT id FROM campaigns_batch WHERE state = 'leased' AND lease_until < clock_timestamp()
            ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
            """
        )
        if not rows:
            return None
        batch = Batch.objects.get(pk=rows[0][0])
        again = adapters[batch.channel].is_idempotent
        _settle_last_window(batch, "queued" if again else "unknown", clock.now())
        execute(
            """
            UPDATE campaigns_batch b SET attempt = attempt + 1, lease_until = NULL, state = CASE
                WHEN EXISTS (SELECT FROM campaigns_delivery d WHERE d.batch_id = b.id AND d.state = 'queued')
                THEN 'waiting' ELSE 'done' END
            WHERE b.id = %s
            """,
            [batch.pk],
        )
    return batch


def _settle_last_window(batch: Batch, state: str, now: datetime) -> None:
    execute(
        """
        WITH lost AS (
            UPDATE campaigns_delivery SET state = %(state)s,
                   settled_at = CASE WHEN %(state)s = 'unknown' THEN %(now)s END
            WHERE batch_id = %(batch)s AND state = 'sending'
            RETURNING customer_id, step_id, occasion, attempts
        ), tried AS (
            UPDATE campaigns_attempt a SET state = 'unknown', error = 'The dispatcher died.', finished_at = %(now)s
            FROM lost WHERE a.customer_id = lost.customer_id AND a.step_id = lost.step_id
                        AND a.occasion = lost.occasion AND a.number = lost.attempts
        )
        INSERT INTO users_touched (customer_id, topic) SELECT customer_id, 'messages' FROM lost
        """,
        {"state": state, "now": now, "batch": batch.pk},
    )
