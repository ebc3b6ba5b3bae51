"""Business minutes: breaks, week-ends, holidays, and days on which the clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.sla import Hours, business_minutes, due_after

WORKDAY = [("09:00", "12:00"), ("13:30", "18:00")]
OFFICE = {day: WORKDAY for day in range(5)}
AROUND_THE_CLOCK = {day: [("00:00", "24:00")] for day in range(7)}


def hours(zone="Asia/Shanghai", spans=OFFICE, holidays=()):
    return Hours(ZoneInfo(zone), spans, frozenset(holidays))


def local(text: str, zone: str = "Asia/Shanghai") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


# 2026-03-02 is a Monday.
@pytest.mark.parametrize(
    ("came", "minutes", "due"),
    [
        ("2026-03-02 10:00", 60, "2026-03-02 11:00"),
        ("2026-03-02 11:00", 60, "2026-03-02 12:00"),
        ("2026-03-02 11:30", 60, "2026-03-02 14:00"),
        ("2026-03-02 12:15", 60, "2026-03-02 14:30"),
        ("2026-03-02 17:30", 60, "2026-03-03 09:30"),
        ("2026-03-06 17:59", 60, "2026-03-09 09:59"),
        ("2026-03-07 03:00", 450, "2026-03-09 18:00"),
        ("2026-03-07 03:00", 451, "2026-03-10 09:01"),
        ("2026-03-02 10:00", 0, "2026-03-02 10:00"),
    ],
)
def test_an_answer_is_due_after_so_many_open_minutes(came, minutes, due):
    assert due_after(hours(), local(came), minutes) == local(due)
    assert business_minutes(hours(), local(came), local(due)) == minutes


def test_nobody_works_on_a_holiday():
    closed = hours(holidays=[date(2026, 3, 3), date(2026, 3, 4)])
    assert due_after(closed, local("2026-03-02 17:30"), 60) == local("2026-03-05 09:30")


def test_an_inbox_that_never_opens_promises_nothing():
    assert due_after(hours(spans={}), local("2026-03-02 10:00"), 1) is None
    assert business_minutes(hours(spans={}), local("2026-03-02 10:00"), local("2026-03-09 10:00")) == 0


@pytest.mark.parametrize(("day", "real_hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-03-30", 24)])
def test_a_day_on_which_the_clocks_change_has_its_own_length(day, real_hours):
    berlin = hours("Europe/Berlin", AROUND_THE_CLOCK)
    begin = local(f"{day} 00:00", "Europe/Berlin")
    end = begin.astimezone(UTC) + timedelta(hours=real_hours)
    assert end.astimezone(ZoneInfo("Europe/Berlin")).hour == 0
    assert business_minutes(berlin, begin, end) == real_hours * 60
    assert due_after(berlin, begin, real_hours * 60) == end


def test_spans_that_overlap_or_run_backwards_are_refused():
    for spans in ([("09:00", "12:00"), ("11:00", "18:00")], [("12:00", "09:00")], [("09:00", "25:00")]):
        with pytest.raises(ValueError):
            hours(spans={0: spans})


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    st.integers(1, 20_000),
    st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Apia"]),
)
def test_due_and_waited_agree(start, minutes, zone):
    start = start.replace(second=0, microsecond=0)
    calendar = hours(zone)
    due = due_after(calendar, start, minutes)
    assert due is not None
    assert business_minutes(calendar, start, due) == minutes
    assert business_minutes(calendar, start, due - timedelta(minutes=1)) == minutes - 1
