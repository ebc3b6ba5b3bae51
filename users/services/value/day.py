"""When the figures of the day are due, and computing them step by step.

Each step writes only the rows whose figures changed and touches exactly those; a step done twice changes nothing.
"""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from config.kit import clock, words
from users import shop
from users.models import IntakeBody, LongJob, Order, Standing, ValueDay
from users.services import long_jobs
from users.services.long_jobs import Chunk, runs
from users.services.value import predict, steps
from users.services.value.run import Run

KIND = "users.value_day"

Step = Callable[[Run, int], int | None]
"""Does a part; where to go on after (a customer id), or None when the step is done."""

STEPS: tuple[tuple[str, Step], ...] = (
    ("people", steps.people),
    ("purchases", steps.purchases),
    ("scores", steps.scores),
    ("orders", steps.orders),
    ("views", steps.views),
    ("taste", steps.taste),
    ("activity", steps.activity),
    ("hours", steps.hours),
    ("fans", steps.fans),
    ("model", predict.fit),
    ("silence", predict.silence),
    ("predictions", predict.predictions),
    ("top", steps.top_by_prediction),
    ("repurchase", steps.repurchase),
    ("roll-up", steps.roll_up),
)


def instant_of_day(now: datetime) -> datetime:
    """The latest instant, not after ``now``, that the figures stand for: the stated shop time of today or yesterday."""
    local = now.astimezone(words.shop_zone())
    stated = datetime.combine(local.date(), time.fromisoformat(shop.value_at.get()), tzinfo=words.shop_zone())
    if stated > now:
        stated = datetime.combine(
            local.date() - timedelta(days=1), stated.timetz().replace(tzinfo=None), tzinfo=words.shop_zone()
        )
    return stated.astimezone(UTC)


def start_if_due(now: datetime) -> bool:
    """Ask for today's figures unless they are there or under way; whether they were asked for.

    In a shop that has none yet they are computed as soon as there is somebody and nothing is being loaded, and again
    when the first orders are there.
    """
    if LongJob.objects.filter(kind=KIND, state__in=long_jobs.OPEN).exists() or not is_due(now):
        return False
    with transaction.atomic():
        long_jobs.start(KIND, title=lambda: _("Figures of the day"), by=None, total=len(STEPS))
    return True


def is_due(now: datetime) -> bool:
    """Whether the figures of the latest stated instant are missing."""
    as_of = instant_of_day(now)
    last = ValueDay.objects.filter(finished_at__isnull=False).order_by("-day").first()
    if last is not None and last.buyers:
        return last.as_of < as_of
    buyers = Order.objects.filter(counts=True, ordered_at__lt=as_of, customer__identified=True)
    if last is not None and last.as_of >= as_of and not buyers.exists():
        return False
    return _has_somebody(as_of) and not _is_loading()


def _has_somebody(as_of: datetime) -> bool:
    active = Standing.objects.filter(first_activity_at__lt=as_of, customer__identified=True)
    return active.filter(customer__erased_at__isnull=True).exists()


def _is_loading() -> bool:
    """Whether an import, the demo or a backlog at the front door is still being worked through."""
    return IntakeBody.objects.exists() or LongJob.objects.filter(state__in=long_jobs.OPEN).exists()


def compute(now: datetime) -> ValueDay:
    """Compute the figures of the latest stated instant at once, all steps; for the demo and tests."""
    as_of = instant_of_day(now)
    for _name, step in STEPS:
        after: int | None = 0
        while after is not None:
            with transaction.atomic():
                after = step(Run.of(as_of), after)
    return ValueDay.objects.get(day=Run.of(as_of).day)


@runs(KIND)
def _do_chunk(job: LongJob, now: datetime) -> Chunk:
    """The next part of the next step; the instant is that of the job's first chunk."""
    told = job.parameters
    as_of = datetime.fromisoformat(told["as_of"]) if "as_of" in told else instant_of_day(now)
    number, after = told.get("step", 0), told.get("after", 0)
    _name, step = STEPS[number]
    after = step(Run.of(as_of), after)
    done = after is None
    number += done
    return Chunk(
        done=int(done),
        finished=number == len(STEPS),
        parameters={"as_of": as_of.isoformat(), "step": number, "after": after or 0},
        result={"as_of": as_of.isoformat(), "computed": clock.now().isoformat()},
    )
