"""Silences, replay, flows, stays, returns, roll-ups: each computed a second way, in plain Python, to the digit."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from statistics import fmean
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction

from config.kit.refusal import Conflict, Refusal
from tests.clock import move_to
from tests.operators import operator
from tests.settling import accept_thresholds
from tests.users.door import identify, send, track, visit
from users.groups import read_group
from users.lifecycle import Move, Thresholds, moves, stage_at
from users.models import AcquisitionChannel, ActiveFigures, AuditEntry, Customer, LongJob, Stage
from users.reports import activity, flows, rollups
from users.reports.periods import Period
from users.services import day_counts, erase, joining, long_jobs, stage_study, stages
from users.thresholds import Silences

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
RULE = Thresholds(new_for=14 * DAY, dormant_after=30 * DAY, churned_after=90 * DAY, returning_for=30 * DAY)
TRIED = {"new_for": 7, "dormant_after": 20, "churned_after": 45, "returning_for": 15}

Lives = dict[str, list[datetime]]


def _lives() -> Lives:
    """Forty customers and five visitors whose days of activity follow from arithmetic, over three years."""
    lives: Lives = {}
    for number in range(45):
        name = f"c{number:02d}" if number < 40 else f"v{number:02d}"
        at, instants = NOW - timedelta(days=1090 - 23 * number, hours=number), []
        step = 3 + number * 7 % 40
        for visit_number in range(60):
            if at >= NOW:
                break
            instants += [at, at + timedelta(minutes=20 * (visit_number % 3))]
            at += timedelta(days=step * (1 + visit_number * (number + 3) % 5), hours=visit_number % 24)
        lives[name] = [instant for instant in instants if instant < NOW]
    return lives


LIVES = _lives()


@pytest.fixture
def shop() -> Iterator[Lives]:
    """The lives come in; nobody but c00 … c39 is identified."""
    move_to(NOW)
    told = [
        visit(at=at, **({"user": name} if name.startswith("c") else {"anonymous": name}))
        for name, instants in LIVES.items()
        for at in instants
    ]
    send(*told, is_history=True)
    yield {name: instants for name, instants in LIVES.items() if name.startswith("c")}


def shop_day(at: datetime) -> date:
    return at.astimezone(ZONE).date()


def names(spec: str) -> set[str | None]:
    """Who is in a group."""
    found = Customer.objects.filter(pk__in=read_group(spec, NOW).customers)
    return set(found.values_list("user_id", flat=True))


# --- silences and the suggestion ---------------------------------------------------------------------


def silences_of(instants: list[datetime]) -> list[tuple[datetime, datetime | None]]:
    """(began, ended) between active days."""
    days: dict[date, list[datetime]] = {}
    for at in instants:
        days.setdefault(shop_day(at), []).append(at)
    spans = [(min(d), max(d)) for _day, d in sorted(days.items())]
    return [(last, first) for (_f, last), (first, _l) in pairwise(spans)] + [(spans[-1][1], None)]


def test_silences_and_shares_are_those_counted_by_hand(shop: Lives) -> None:
    job = stage_study.study(now=NOW, by=None)
    long_jobs.run_due()
    study = stage_study.last_study()
    assert study is not None and study.at == NOW
    every = [silence for instants in shop.values() for silence in silences_of(instants)]
    closed = sorted(
        int((ended - began) / DAY + 0.5)
        for began, ended in every
        if ended and NOW - began >= 365 * DAY and ended - began <= 365 * DAY
    )
    assert study.silences.gaps == len(closed) > 300
    suggestion = study.silences.suggest(new_for=14, returning_for=30)
    assert suggestion is not None
    percentile = {p: closed[-(-len(closed) * p // 100) - 1] for p in (80, 95)}
    assert (suggestion.dormant_after, suggestion.churned_after) == (percentile[80], percentile[95])
    assert (suggestion.new_for, suggestion.returning_for, suggestion.gaps) == (14, 30, len(closed))
    for days in (0, 1, 10, 45, 90, 200, 400):
        reached, within = days * DAY, (days + 180) * DAY
        followed = [s for s in every if NOW - s[0] >= within and (s[1] is None or s[1] - s[0] >= reached)]
        back = [s for s in followed if s[1] is not None and s[1] - s[0] < within]
        found = study.silences.came_back(days)
        assert (found.back, found.of) == (len(back), len(followed)), days
    job.refresh_from_db()
    assert job.done == Customer.objects.count()


def test_too_few_silences_suggest_nothing_and_thresholds_stay_in_order() -> None:
    assert Silences({5: 99}).suggest(new_for=14, returning_for=30) is None
    found = Silences({0: 1000}).suggest(new_for=14, returning_for=30)
    assert found is not None
    assert (found.new_for, found.dormant_after, found.churned_after) == (2, 2, 3)


def test_a_shop_that_sends_only_orders_is_told_so() -> None:
    move_to(NOW)
    send(track("Order Completed", at=NOW - DAY, user="a", order_id="1", total=5, currency="USD"))
    assert stage_study.has_only_orders()
    send(visit(at=NOW, user="a"))
    assert not stage_study.has_only_orders()


# --- replay -------------------------------------------------------------------------------------------


def test_a_replay_is_the_machine_run_over_history(shop: Lives) -> None:
    stage_study.replay(**TRIED, now=NOW, by=operator())
    with pytest.raises(Conflict):
        stage_study.replay(**TRIED, now=NOW, by=operator())
    long_jobs.run_due()
    found = stage_study.last_replay()
    assert found is not None
    tried = Thresholds(**{name: days * DAY for name, days in TRIED.items()})
    for outcome, rule in ((found.asked, tried), (found.in_force, RULE)):
        told = {name: [m for m in moves(instants, rule) if m.at < NOW] for name, instants in shop.items()}
        recent = {name: [m for m in mine if m.at >= NOW - 365 * DAY] for name, mine in told.items()}
        weekly = Counter(
            (shop_day(m.at) - timedelta(days=shop_day(m.at).weekday()), m.to_stage.value)
            for mine in recent.values()
            for m in mine
        )
        assert {
            (week, stage): n for week, counts in outcome.moves.items() for stage, n in counts.items()
        } == weekly
        for stage in (Stage.DORMANT, Stage.CHURNED):
            first = {
                name: min(m.at for m in mine if m.to_stage is stage)
                for name, mine in recent.items()
                if any(m.to_stage is stage for m in mine)
            }
            back = {name for name, at in first.items() if any(i > at for i in shop[name])}
            assert getattr(outcome, stage.value) == len(first)
            assert getattr(outcome, f"{stage.value}_back") == len(back)
            after = outcome.thresholds[f"{stage.value}_after"]
            span = f"begin={(NOW - 365 * DAY).isoformat()}&end={NOW.isoformat()}".replace("+", "%2B")
            assert names(f"silent?days={after}&{span}") == set(first)
            assert names(f"silent?days={after}&{span}&back=yes") == back
    assert AuditEntry.objects.get(act="lifecycle.try").after == TRIED
    assert stages.rule_in_force().proposed  # a trial changes nothing


def test_a_replay_of_thresholds_out_of_order_is_refused() -> None:
    with pytest.raises(Refusal):
        stage_study.replay(**{**TRIED, "churned_after": 20}, now=NOW, by=operator())


# --- stages over time ---------------------------------------------------------------------------------


def stage_then(instants: list[datetime], at: datetime) -> str:
    """The stage at an instant, "" before the customer was known."""
    return "" if instants[0] >= at else stage_at(at - timedelta(microseconds=1), instants, RULE).value


PERIOD = Period(date(2026, 2, 1), date(2026, 4, 30))


def test_counts_of_any_day_and_flows_of_a_period(shop: Lives) -> None:
    accept_thresholds()
    rollups.count_all(NOW)
    days = [date(2024, 1, 1), date(2025, 7, 1), *flows.days_shown(PERIOD, shop_day(NOW), "week")]
    for shown in flows.stage_counts(days):
        end = Period(shown.day, shown.day).end
        expected = Counter(stage_then(instants, end) for instants in shop.values())
        expected.pop("", None)
        assert {s.value: n for s, n in shown.customers.items() if n} == expected
        for stage, number in shown.customers.items():
            assert len(names(f"stage_on?stage={stage.value}&day={shown.day}")) == number
    expected_flows = Counter(
        (stage_then(instants, PERIOD.begin), stage_then(instants, PERIOD.end))
        for instants in shop.values()
        if instants[0] < PERIOD.end
    )
    found = flows.transitions(PERIOD, NOW).customers
    assert found == expected_flows
    span = "from=2026-02-01&to=2026-04-30"
    for (start, finish), number in found.items():
        assert len(names(f"stage_flow?start={start}&finish={finish}&{span}")) == number
    in_period = [
        (name, m)
        for name, instants in shop.items()
        for m in moves(instants, RULE)
        if PERIOD.begin <= m.at < PERIOD.end and m.from_stage is not Stage.PROSPECT
    ]
    told = {pair: n for pair, n in flows.moves(PERIOD).items() if pair[0] != "prospect"}
    assert told == Counter((m.from_stage.value, m.to_stage.value) for _name, m in in_period)
    for start, finish in told:
        movers = {n for n, m in in_period if (m.from_stage, m.to_stage) == (start, finish)}
        assert names(f"stage_moved?start={start}&finish={finish}&{span}") == movers


def test_stays_and_returns(shop: Lives) -> None:
    so_far = {name: [m for m in moves(i, RULE) if m.at <= NOW] for name, i in shop.items()}
    ended: Counter[tuple[str, int]] = Counter()
    going_on: Counter[tuple[str, int]] = Counter()
    for mine in so_far.values():
        following: list[Move | None] = [*mine[1:], None]
        for move, after in zip(mine, following, strict=True):
            if PERIOD.begin <= move.at < PERIOD.end:
                whole = ((after.at if after else NOW) - move.at) // DAY
                (ended if after else going_on)[(move.to_stage.value, whole)] += 1
    found = flows.dwell(PERIOD, NOW)
    assert {(s.value, d): n for s, x in found.items() for d, n in x.ended.items()} == ended
    assert {(s.value, d): n for s, x in found.items() for d, n in x.going_on.items()} == going_on
    for stage in (Stage.DORMANT, Stage.CHURNED):
        fell = {
            name: min(m.at for m in mine if m.to_stage is stage and PERIOD.begin <= m.at < PERIOD.end)
            for name, mine in so_far.items()
            if any(m.to_stage is stage and PERIOD.begin <= m.at < PERIOD.end for m in mine)
        }
        returns = flows.returns(PERIOD, NOW, stage)
        assert (returns.customers, returns.written_to) == (len(fell), 0)
        for one in returns.within:
            followed = {n: at for n, at in fell.items() if at + one.days * DAY <= NOW}
            back = {n for n, at in followed.items() if any(at < i < at + one.days * DAY for i in shop[n])}
            assert (one.back, one.of) == (len(back), len(followed))
            span = "from=2026-02-01&to=2026-04-30"
            assert names(f"stage_returned?stage={stage.value}&days={one.days}&{span}") == back


def test_who_was_written_to_is_watched_up_to_the_message() -> None:
    rows = [(10, None, 200, 3), (None, None, 200, 5), (40, 5, 200, 1), (None, 20, 100, 1)]
    found = flows.summed(rows)
    assert (found.customers, found.written_to) == (10, 2)
    thirty, sixty = found.within[0], found.within[1]
    assert (thirty.back, thirty.of, sixty.back, sixty.of) == (3, 10, 4, 10)
    # One message on day 5 leaves nine to watch; three of those came back on day 10, one left watching on day 20.
    assert thirty.unwritten == pytest.approx(1 - (1 - 3 / 9))
    assert sixty.unwritten == thirty.unwritten


# --- activity -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("visitors", [False, True])
def test_active_customers_by_day_week_and_month(shop: Lives, visitors: bool) -> None:
    rollups.count_all(NOW)
    crowd = LIVES if visitors else shop
    seen = {name: {shop_day(at) for at in instants} for name, instants in crowd.items()}
    period = Period(date(2026, 3, 1), shop_day(NOW))

    def distinct(day: date, days: int) -> int:
        window = {day - timedelta(days=back) for back in range(days)}
        return sum(bool(mine & window) for mine in seen.values())

    for found in activity.active_days(period, visitors=visitors):
        windows = (found.active, found.weekly, found.monthly)
        assert windows == (distinct(found.day, 1), distinct(found.day, 7), distinct(found.day, 30))
        known = sum(shop_day(instants[0]) <= found.day for instants in crowd.values())
        assert found.known == known
        mean = fmean(distinct(found.day - timedelta(days=back), 1) for back in range(30))
        assert found.mean == pytest.approx(mean)
        if found.day.day % 7 == 0 and not visitors:
            for days, number in zip((1, 7, 30), windows, strict=True):
                assert len(names(f"active?day={found.day}&days={days}")) == number
    spread = activity.spread(visitors=visitors)
    assert spread is not None and spread.day == shop_day(NOW) - timedelta(days=1)
    window = {spread.day - timedelta(days=back) for back in range(28)}
    counts = Counter(len(mine & window) for mine in seen.values())
    assert {days: n for days, n in spread.customers.items() if n} == {d: n for d, n in counts.items() if d}
    if not visitors:
        for days, number in spread.customers.items():
            if number:
                assert len(names(f"active_days?day={spread.day}&days={days}")) == number


def test_a_visitor_who_turns_out_to_be_somebody_changes_the_past(shop: Lives) -> None:
    rollups.count_all(NOW)
    seen = [shop_day(at) for at in LIVES["v41"]]
    before = {d.day: d.active for d in activity.active_days(Period(seen[0], shop_day(NOW)))}
    send(identify(at=NOW, user="somebody", anonymous="v41"))
    rollups.count_all(NOW)
    after = {d.day: d.active for d in activity.active_days(Period(seen[0], shop_day(NOW)))}
    assert {day for day in after if after[day] == before[day] + 1} == set(seen)


def test_channels_add_up_and_a_group_can_be_of_one(shop: Lives) -> None:
    send(identify(at=NOW, user="c05", name="C"))
    Customer.objects.filter(user_id__in=("c05", "c06", "c07")).update(channel_id=_channel("baidu"))
    rollups.count_all(NOW)
    period = Period(shop_day(NOW) - timedelta(days=9), shop_day(NOW))
    whole = activity.active_days(period)
    parts = [activity.active_days(period, channel=slug) for slug in ("search", "")]
    for one, search, unknown in zip(whole, *parts, strict=True):
        assert one.monthly == search.monthly + unknown.monthly
        assert one.known == search.known + unknown.known == 40
        assert search.known == 3
    day = whole[-1].day
    assert len(names(f"active?day={day}&days=30&channel=search")) == parts[0][-1].monthly
    assert len(names(f"active?day={day}&days=30&channel=")) == parts[1][-1].monthly


def counted() -> list[tuple[Any, ...]]:
    fields = ("day", "channel", "identified", "active", "weekly", "monthly", "known", "spread")
    return sorted(ActiveFigures.objects.values_list(*fields), key=str)


def test_days_counted_slice_by_slice_are_those_counted_at_once(shop: Lives) -> None:
    assert day_counts.count(NOW)
    assert long_jobs.run_due() > 15
    by_slices = counted()
    ActiveFigures.objects.all().delete()
    rollups.count_all(NOW)
    assert counted() == by_slices
    assert min(ActiveFigures.objects.values_list("day", flat=True)) == rollups.earliest_day()


def test_recent_days_follow_late_events_joins_and_erasures(shop: Lives) -> None:
    """What is counted every ten minutes equals everything counted anew, whatever happened to those days meanwhile."""
    day_counts.count(NOW)
    since = rollups.recent_since(NOW)
    before = [row for row in counted() if row[0] >= since]
    send(visit(at=NOW - 4 * DAY, user="c07"), visit(at=NOW - 33 * DAY, user="c08"))
    send(visit(at=NOW - 6 * DAY, user="newcomer"), identify(at=NOW - 2 * DAY, user="named", anonymous="v44"))
    with transaction.atomic():
        pair = Customer.objects.filter(user_id__in=("c01", "c02")).values_list("pk", flat=True)
        joining.join(*pair, now=NOW, cause="hand")
    erase.ask_to_be_erased(Customer.objects.get(user_id="c03").pk, actor="x")
    long_jobs.run_due()
    rollups.count_days(NOW, first=since, last=shop_day(NOW))
    after = [row for row in counted() if row[0] >= since]
    assert after != before
    ActiveFigures.objects.all().delete()
    rollups.count_all(NOW)
    assert [row for row in counted() if row[0] >= since] == after


def test_all_days_are_counted_again_after_a_day_and_after_long_work(shop: Lives) -> None:
    assert day_counts.is_due(NOW)
    rollups.count_all(NOW)
    later = move_to(NOW + timedelta(minutes=10))
    assert not day_counts.count(later)
    accept_thresholds()
    assert day_counts.count(later)
    assert not day_counts.count(later)  # it waits already
    long_jobs.run_due()
    LongJob.objects.update(finished_at=later - 90 * DAY)
    assert not day_counts.is_due(later)
    ActiveFigures.objects.filter(day=rollups.earliest_day()).update(computed_at=later - timedelta(hours=25))
    assert day_counts.is_due(later)


def _channel(slug: str) -> int:
    return AcquisitionChannel.objects.get(slug=slug).pk


def test_links_that_make_no_sense_are_refused() -> None:
    for spec in (
        "stage_on?stage=gone&day=2026-01-01",
        "stage_on?stage=new&day=soon",
        "stage_flow?start=x&finish=new&from=2026-01-01&to=2026-02-01",
        "stage_moved?finish=new&from=2026-02-01&to=2026-01-01",
        "stage_returned?stage=dormant&days=x&from=2026-01-01&to=2026-02-01",
        "silent?days=3&begin=2026-01-01&end=2026-02-01",
        "active?day=2026-01-01&days=0",
        "active_days?day=2026-13-01&days=1",
        "feature?type=0&from=2026-01-01&to=2026-02-01",
    ):
        with pytest.raises(Refusal):
            read_group(spec, NOW)
