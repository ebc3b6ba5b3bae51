"""The figures of the demo shop a second way, with pandas and plain Python over its bare rows, equal to the digit.

A part of the shop in every run; all of it, as `make run` loads it, in `make faults`.
"""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pytest_django.fixtures import Settings

from tests.clock import move_to
from tests.settling import apply_everything
from tests.users.demo.second_way import (
    Rows,
    lives_of_rows,
    load_part_of_it,
    people_of_rows,
    rows_of_the_shop,
)
from tests.users.value import oracle
from users.demo import demo_parts
from users.lifecycle import moves, stage_at
from users.models import ChannelCost, CustomerValue, ModelFit, ValueDay
from users.reports import activity, flows, ltv, retained, retention, rollups
from users.reports.channels import profit_and_loss
from users.reports.cohorts import Start, read_whom
from users.reports.periods import Period
from users.reports.value import repurchase_roll_ups
from users.seed import seed
from users.services import stages, value
from users.services.demo.load import load_demo
from users.shop import gross_margin

NOW = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
TODAY = pd.Timestamp(2026, 5, 20)
QUARTER = Period(date(2026, 2, 1), date(2026, 4, 30))
DAY = timedelta(days=1)


@pytest.mark.django_db
def test_a_part_of_the_demo_shop(monkeypatch: pytest.MonkeyPatch) -> None:
    move_to(NOW)
    load_part_of_it(NOW, monkeypatch, one_in=200)
    everything()


@pytest.mark.night
@pytest.mark.timeout(3600)
@pytest.mark.django_db(transaction=True)
def test_the_whole_demo_shop(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody, with tills, connected shops, imported files and other currencies."""
    settings.DATA_DIR = settings.SINK_DIR = tmp_path
    ours = {part.name: part for part in demo_parts if part.name.startswith("users.")}
    monkeypatch.setattr(demo_parts, "_entries", ours)
    seed()
    move_to(NOW)
    assert load_demo()
    apply_everything()
    everything()


def everything() -> None:
    """Every figure against its second computation."""
    rows = rows_of_the_shop()
    assert len(rows.orders) > 20
    kept_on_days_weeks_and_months(rows)
    retained_users(rows)
    value_by_cohort(rows)
    profit_and_loss_of_channels(rows)
    figures_of_the_day()
    repurchases(rows)
    stages_over_time()
    active_days(rows)


def number_of(days: Any, unit: str) -> Any:
    """Days, Monday weeks or months, counted from anywhere: their differences are ages."""
    told = pd.DatetimeIndex(days)
    if unit == "month":
        return np.asarray(told.year * 12 + told.month)
    whole = np.asarray((told - pd.Timestamp("1970-01-05")).days)
    return whole // 7 if unit == "week" else whole


ASKED: tuple[dict[str, str], ...] = (
    {"mode": "on", "grain": "day", "period": "90"},
    {"mode": "on", "grain": "week", "period": "180", "start": "registration"},
    {"mode": "after", "grain": "month", "period": "365"},
    {"mode": "after", "grain": "week", "unit": "day", "period": "180", "start": "order"},
    {"mode": "bracket", "grain": "month", "period": "365"},
    {"mode": "bracket", "grain": "day", "period": "90", "visitors": "1"},
)


def kept_on_days_weeks_and_months(rows: Rows) -> None:
    """The three kinds over days, weeks and months; by channel and by attribute."""
    for asked in ASKED:
        compare_retention(rows, asked, rows.people.index)
    whole = retention.compute(retention.read(ASKED[2], NOW), NOW)
    assert sum(row.size for row in whole.rows) > 20
    for by, values in (("channel", rows.people["upper"]), ("gender", rows.people["gender"])):
        for chosen in sorted(set(values) - {"-", ""})[:4]:
            told = {**ASKED[2], "by": by, "value": chosen}
            compare_retention(rows, told, rows.people.index[values == chosen])


def compare_retention(rows: Rows, told: dict[str, str], whom: Any) -> None:
    asked = retention.read(told, NOW)
    found = retention.compute(asked, NOW)
    people = rows.people.loc[whom]
    people = people if told.get("visitors") else people[people["identified"]]
    first = {
        "activity": rows.acts.groupby("who")["day"].min(),
        "registration": people["registered"].dropna(),
        "order": rows.orders.groupby("who")["day"].min(),
    }[str(asked.start)]
    first = first[first.index.isin(people.index)]
    days = rows.acts[["who", "day"]].drop_duplicates()
    days = days.assign(start=days["who"].map(first)).dropna()
    days = days[days["day"] >= days["start"]]
    ages = number_of(days["day"], asked.unit) - number_of(days["start"], asked.unit)
    sizes = Counter(number_of(first, asked.grain).tolist())
    cohorts = number_of([asked.grain.begin(row.cohort) for row in found.rows], asked.grain).tolist()
    opens = number_of([asked.grain.begin(row.cohort) for row in found.rows], asked.unit).tolist()
    ends = number_of([asked.grain.end(row.cohort) for row in found.rows], asked.unit).tolist()
    (today,) = number_of([TODAY], asked.unit).tolist()
    days = days.assign(cohort=number_of(days["start"], asked.grain))
    for column, slot in enumerate(asked.slots):
        last = slot.first if slot.last is None else slot.last
        most = 10**6 if told["mode"] == "after" else last
        here = days[(ages >= slot.first) & (ages <= most)]
        kept = here.groupby("cohort")["who"].nunique().to_dict()
        for row, cohort, opening, ending in zip(found.rows, cohorts, opens, ends, strict=True):
            stay = row.stays[column]
            expected = kept.get(cohort, 0) if opening + slot.first <= today else None
            assert (stay.size, stay.kept, stay.is_over) == (sizes[cohort], expected, ending + last < today), (
                told, row.cohort, slot.text,
            )  # fmt: skip


def retained_users(rows: Rows) -> None:
    """Σ users × retention over channels is the direct count."""
    period = retained.read_span({"period": "180"}, NOW)
    found = retained.compute(Start.ACTIVITY, period, read_whom({}, default="channel"), NOW)
    known = rows.people[rows.people["identified"]]
    spans = rows.acts.groupby("who")["day"].agg(["min", "max"])
    spans = spans[spans.index.isin(known.index)]
    spans = spans[(spans["min"] >= pd.Timestamp(period.first)) & (spans["min"] <= pd.Timestamp(period.last))]
    stayed = spans.index[spans["max"] - spans["min"] >= pd.Timedelta(days=30)]
    assert (found.direct.users, found.direct.retained) == (len(spans), len(stayed))
    assert found.total == len(stayed) > 0
    of_channel, kept = Counter(known["upper"].loc[spans.index]), Counter(known["upper"].loc[stayed])
    named = [part for part in found.parts if part.value != "\x01"]
    assert len(named) > 3
    for part in named:
        key = part.value or "-"
        assert (part.users, part.retained) == (of_channel[key], kept[key]), key


def value_by_cohort(rows: Rows) -> None:
    """Net revenue so far by month of the first order, to the cent; the whole is the ledger."""
    for told in ({"period": "365"}, {"period": "365", "grain": "week"}):
        found = ltv.compute(ltv.read(told, NOW), NOW)
        grain = found.asked.grain
        first = rows.orders.groupby("who")["day"].transform("min")
        cohort = number_of(first, grain)
        age = number_of(rows.orders["day"], "month") - number_of(first, "month")
        for row in found.rows:
            (mine,) = number_of([pd.Timestamp(grain.begin(row.cohort))], grain)
            here = cohort == mine
            for month, cell in enumerate(row.cells):
                if cell.net is not None:
                    so_far = rows.orders[here & (age <= month)]
                    buyers = rows.orders["who"][here & (age == month)].nunique()
                    expected = (rows.orders["who"][here].nunique(), int(so_far["net"].sum()), buyers)
                    assert (cell.size, cell.net, cell.buyers) == expected
        assert found.total == found.standing


def profit_and_loss_of_channels(rows: Rows) -> None:
    """Cost, joins, retention, buyers, revenue, CAC and payback of every channel; they sum to the order ledger."""
    report = profit_and_loss(QUARTER, NOW)
    first, last = pd.Timestamp(QUARTER.first), pd.Timestamp(QUARTER.last)
    costs = pd.DataFrame(
        ChannelCost.objects.values("channel__slug", "channel__parent__slug", "day", "amount")
    )
    costs["upper"] = costs["channel__parent__slug"].fillna(costs["channel__slug"])
    costs = costs[costs["day"].map(lambda day: QUARTER.first <= day <= QUARTER.last)]
    begun = rows.orders.groupby("who")["day"].min()
    last_seen = rows.acts.groupby("who")["day"].max()
    known = rows.people[rows.people["identified"]]
    joined = known[(known["registered"] >= first) & (known["registered"] <= last)]
    matured = joined[joined["registered"] + pd.Timedelta(days=30) <= TODAY]
    stayed = matured[last_seen.reindex(matured.index) >= matured["registered"] + pd.Timedelta(days=30)]
    acquired = begun[(begun >= first) & (begun <= last)].index
    margin = Decimal(gross_margin.get()) / 100
    for line in report.lines:
        slug = line.channel.slug if line.channel else "-"
        theirs = rows.orders[
            rows.orders["who"].isin([pk for pk in acquired if rows.people["upper"].get(pk) == slug])
        ]
        cost, revenue = int(costs[costs["upper"] == slug]["amount"].sum()), int(theirs["net"].sum())
        buyers = theirs["who"].nunique()
        sums = line.sums
        assert (sums.joined, sums.matured, sums.stayed, sums.buyers, line.revenue, sums.cost) == (
            int((joined["upper"] == slug).sum()), int((matured["upper"] == slug).sum()),
            int((stayed["upper"] == slug).sum()), buyers, revenue, cost,
        ), slug  # fmt: skip
        assert line.profit == revenue * margin - cost
        if cost:
            assert line.cac == (Decimal(cost) / buyers if buyers else None)
            by_day = theirs.groupby("day")["net"].sum().sort_index().cumsum()
            reached = [day.date() for day, sum_so_far in by_day.items() if int(sum_so_far) * margin >= cost]
            assert line.payback == (min(reached) if reached else None)
    assert (report.ledger, report.difference) == (int(rows.orders["net"].sum()), 0)
    assert report.total.sums.buyers == len(acquired) > 0


LEFT_OUT = {"last_at", "fan", "leader_score", "leader_parts"}
"""Not compared here: their second way (tests/users/value/oracle.py) knows a part of their evidence only."""


def figures_of_the_day() -> None:
    """RFM, the top N %, core customers, bands, repurchase days, favourite category, best hour, predictions."""
    if not ValueDay.objects.filter(finished_at__isnull=False).exists():
        value.compute(NOW)
    day = ValueDay.objects.filter(finished_at__isnull=False).latest("day")
    people = [one for one in people_of_rows() if one.instants]
    expected = oracle.figures(people, day.as_of)
    fit = ModelFit.objects.latest("day")
    if not fit.reason:
        oracle.predict(people, expected, day.as_of, fit)
    names = sorted(next(iter(expected.values())).keys() - LEFT_OUT)
    found = {row.pop("customer_id"): row for row in CustomerValue.objects.values("customer_id", *names)}
    assert day.buyers == sum(bool(row["orders_window"]) for row in expected.values())
    for name in names:
        wrong = {
            pk: (found[pk][name], row[name]) for pk, row in expected.items() if found[pk][name] != row[name]
        }
        assert wrong == {}, name


def repurchases(rows: Rows) -> None:
    """Second purchases by month of the first, and the median days between; from the orders, not the figures."""
    as_of = ValueDay.objects.latest("day").as_of
    orders = rows.orders[
        (rows.orders["at"] < as_of) & rows.orders["who"].map(rows.people["identified"]).eq(True)
    ]
    days = (
        orders[["who", "day"]].drop_duplicates().sort_values(["who", "day"]).groupby("who")["day"].agg(list)
    )
    expected: dict[str, list[int | None]] = {}
    for bought in days:
        expected.setdefault(f"{bought[0]:%Y-%m}", []).append(
            (bought[1] - bought[0]).days if len(bought) > 1 else None
        )
    for month, buyers, in_30, in_90, in_180, again, median in repurchase_roll_ups()["cohorts"].rows():
        gaps = [gap for gap in expected[month] if gap is not None]
        assert (buyers, in_30, in_90, in_180, again) == (
            len(expected[month]), *(sum(gap <= most for gap in gaps) for most in (30, 90, 180)), len(gaps),
        )  # fmt: skip
        assert median == (float(np.median(gaps)) if gaps else None)


def stages_over_time() -> None:
    """Counts of a day, flows of a period, moves, dwell times and the natural return, by the machine run by hand."""
    rollups.count_all(NOW)
    lives = lives_of_rows()
    rule = stages.thresholds_of(stages.rule_in_force())
    told = {
        who: [move for move in moves(instants, rule) if move.at <= NOW] for who, instants in lives.items()
    }

    def then(instants: list[datetime], at: datetime) -> str:
        return stage_at(at - timedelta(microseconds=1), instants, rule).value if instants[0] < at else ""

    found = {
        pair: n for pair, n in flows.transitions(QUARTER, NOW).customers.items() if "prospect" not in pair
    }
    ways = Counter((then(mine, QUARTER.begin), then(mine, QUARTER.end)) for mine in lives.values())
    ways.pop(("", ""), None)
    assert found == {pair: n for pair, n in ways.items() if "prospect" not in pair}
    inside = Counter(
        (m.from_stage.value, m.to_stage.value)
        for mine in told.values() for m in mine if QUARTER.begin <= m.at < QUARTER.end
    )  # fmt: skip
    assert dict(flows.moves(QUARTER)) == inside
    ended: Counter[tuple[str, int]] = Counter()
    for mine in told.values():
        for move, after in pairwise(mine):
            if QUARTER.begin <= move.at < QUARTER.end:
                ended[move.to_stage.value, (after.at - move.at) // DAY] += 1
    dwelt = flows.dwell(QUARTER, NOW)
    assert {(stage.value, days): n for stage, x in dwelt.items() for days, n in x.ended.items() if n} == ended
    for stage in ("dormant", "churned"):
        fell = {
            who: min(m.at for m in mine if m.to_stage.value == stage and QUARTER.begin <= m.at < QUARTER.end)
            for who, mine in told.items()
            if any(m.to_stage.value == stage and QUARTER.begin <= m.at < QUARTER.end for m in mine)
        }
        returns = flows.returns(QUARTER, NOW, next(s for s in dwelt if s.value == stage))
        assert returns.customers == len(fell) > 0
        for one in returns.within:
            followed = {who: at for who, at in fell.items() if at + one.days * DAY <= NOW}
            back = sum(any(at < i < at + one.days * DAY for i in lives[who]) for who, at in followed.items())
            assert (one.back, one.of) == (back, len(followed))


def active_days(rows: Rows) -> None:
    """DAU, WAU, MAU and the mean day behind stickiness."""
    known = rows.people.index[rows.people["identified"]]
    seen = rows.acts[rows.acts["who"].isin(known)]
    by_day = {day: set(who) for day, who in seen.groupby("day")["who"]}

    def distinct(last: pd.Timestamp, days: int) -> int:
        return len(set().union(*(by_day.get(last - pd.Timedelta(days=back), set()) for back in range(days))))

    for found in activity.active_days(Period(date(2026, 4, 20), date(2026, 5, 19))):
        last = pd.Timestamp(found.day)
        assert (found.active, found.weekly, found.monthly) == tuple(
            distinct(last, days) for days in (1, 7, 30)
        )
        assert found.mean == pytest.approx(
            sum(distinct(last - pd.Timedelta(days=b), 1) for b in range(30)) / 30
        )
