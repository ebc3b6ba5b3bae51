"""Days before a segment was made: who would have been in it, told in order, starting nothing."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import translation

from config.kit import clock
from config.kit.refusal import Refusal
from segments.demo_parts import PAST_DAYS, WITH_A_PAST
from segments.models import ChangeCause, Membership, MembershipChange, Segment, SegmentRun
from segments.ready import named
from segments.reports.moves import moves_by_day
from segments.reports.sizes import sizes_by_day
from segments.rules.parse import parse
from segments.rules.words import Words
from segments.services.audit import audit
from segments.services.backtest import selected
from segments.services.past_days import last_instants, tell_past_days
from segments.services.presets import rule_of
from segments.services.rebuild import rebuild
from segments.services.segments import create_segment
from tests.operators import logged_in
from tests.segments.shop import ago, customer, order, rule
from users.models import Outbox
from users.reports.figures import today_in_shop
from users.reports.periods import Period, midnight
from users.seed import seed

pytestmark = pytest.mark.django_db(transaction=True)
LATELY = {"happened": "orders", "op": "did", "at_least": 1, "in_last_days": 3}
DAYS = 10
ORDERED = {"ann": [9, 8, 2], "bob": [5], "cy": [12], "dee": [0]}
"""Days before today at noon, shop time, on which each ordered."""


@pytest.fixture(autouse=True)
def _reference_rows() -> None:
    seed()


def _unwatched(done: int, total: int) -> None:
    """Nobody looks how far it is."""


def _made(*conditions: dict[str, object]) -> Segment:
    return create_segment(name="Bought lately", rule=rule(*conditions or (LATELY,)), by=None)


def _shop() -> dict[str, int]:
    today, people = today_in_shop(clock.now()), {}
    for name, days in ORDERED.items():
        who = customer(name=name, first_seen_at=ago(days=40))
        people[name] = who.pk
        for back in days:
            order(who, midnight(today - timedelta(days=back)) + timedelta(hours=12 if back else 0), 1000)
    return people


def _expected(back: int) -> set[str]:
    """Who had ordered within three times 24 hours at the end of the day so many days ago."""
    return {name for name, days in ORDERED.items() if any(back <= day <= back + 2 for day in days)}


def test_every_day_has_the_members_that_it_had_and_the_moves_between_them() -> None:
    people, now = _shop(), clock.now()
    made = _made()
    assert tell_past_days([made], DAYS, now, _unwatched) == DAYS
    made = rebuild(made, now)
    today = today_in_shop(now)
    sizes = {day: size for day, size in sizes_by_day([made.pk], now, DAYS + 1)[made.pk]}
    log = MembershipChange.objects.filter(segment=made).order_by("run_id")
    inside = set[int]()
    for back in range(DAYS, 0, -1):
        day = today - timedelta(days=back)
        for change in log.filter(at__gte=midnight(day), at__lt=midnight(day + timedelta(days=1))):
            (inside.add if change.entered else inside.remove)(change.customer_id)
        assert inside == {people[name] for name in _expected(back)}
        assert inside == set(selected(made.rule, last_instants(back, now)[0]).values_list("pk", flat=True))
        assert sizes[day] == len(inside)
    assert set(Membership.objects.filter(segment=made).values_list("customer_id", flat=True)) == {
        people["ann"],
        people["dee"],
    }
    moves = moves_by_day(made.pk, Period(today - timedelta(days=DAYS), today), clock.now())
    assert sum(one.entered - one.left for one in moves) == made.size == 2
    since = dict(Membership.objects.filter(segment=made).values_list("customer_id", "entered_at"))
    assert since[people["ann"]] == last_instants(2, now)[0]


def test_it_starts_nothing_is_told_apart_and_the_audit_agrees() -> None:
    _shop()
    made = _made()
    tell_past_days([made], DAYS, clock.now(), _unwatched)
    made = rebuild(made)
    causes = set(MembershipChange.objects.filter(segment=made).values_list("cause", flat=True))
    assert causes == {ChangeCause.HISTORY, ChangeCause.REBUILD}
    assert not Outbox.objects.exists()
    runs = SegmentRun.objects.filter(segment=made).select_related("run", "segment").order_by("run_id")
    assert [run.is_told_afterwards for run in runs] == [True] * DAYS + [False]
    assert [run.run.now for run in runs] == sorted(run.run.now for run in runs)
    audit(made)
    assert [(run.entered, run.left) for run in SegmentRun.objects.filter(run__kind="audit")] == [(0, 0)]
    client = logged_in()
    for name in ("segments:segment", "segments:history"):
        assert "were computed afterwards" in client.get(reverse(name, args=[made.pk])).content.decode()
    told = client.get(reverse("segments:segment", args=[made.pk]), {"view": "runs"}).content.decode()
    assert told.count("Told afterwards") == DAYS
    assert client.get(reverse("segments:runs")).content.decode().count("Told afterwards") == DAYS


def test_what_has_begun_or_has_no_past_is_refused() -> None:
    made = _made()
    tell_past_days([made], 1, clock.now(), _unwatched)
    with pytest.raises(Refusal, match="history has begun"):
        tell_past_days([made], 1, clock.now(), _unwatched)
    within = create_segment(name="Within", rule=rule({"segment": made.pk, "op": "in"}), by=None)
    today = create_segment(
        name="Today", rule=rule({"field": "city", "op": "is_any_of", "value": ["Suzhou"]}), by=None
    )
    for unfit in (within, today):
        with pytest.raises(Refusal, match="past is not known"):
            tell_past_days([unfit], 1, clock.now(), _unwatched)


def test_the_demo_tells_more_days_than_a_page_shows_of_rules_that_have_a_past() -> None:
    assert PAST_DAYS > 31
    with translation.override("en"):
        for key in WITH_A_PAST:
            read = parse(rule_of(named[key]))
            assert not read.segments()
            assert [note for one in read.root.conditions() for note in one.of_today(Words())] == []
