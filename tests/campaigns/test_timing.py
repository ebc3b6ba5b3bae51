"""Quiet hours and slots, around every oddity of the clock."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from campaigns.timing import QuietHours, day_start, next_send_time, slots_until
from config.kit.zones import zone_of

ZONES = ("Asia/Shanghai", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Apia", "America/Sao_Paulo")
# The years hold Apia's skipped 30 December 2011 and Berlin's and Sao Paulo's changes of summer time.
MOMENTS = st.datetimes(datetime(2011, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))


@given(MOMENTS, st.sampled_from(ZONES), st.times(), st.times())
def test_the_next_send_time_is_never_earlier_never_quiet_and_within_two_days(
    moment: datetime, zone_name: str, starts: time, ends: time
) -> None:
    zone, quiet = ZoneInfo(zone_name), QuietHours(starts, ends)
    instant = next_send_time(moment, zone, quiet)
    assert instant >= moment
    assert not quiet.cover(instant.astimezone(zone).time())
    assert instant - moment <= timedelta(hours=49)


def test_nobody_is_woken_at_night() -> None:
    night = QuietHours(time(21), time(9))
    late = datetime(2026, 5, 1, 15, tzinfo=UTC)
    cases = {
        "Asia/Shanghai": datetime(2026, 5, 2, 1, tzinfo=UTC),  # it is 23:00: tomorrow at 9
        "Europe/Berlin": late,  # it is 17:00
        "Asia/Kathmandu": late,  # 20:45, a quarter of an hour before
        "Pacific/Apia": datetime(2026, 5, 1, 20, tzinfo=UTC),  # 04:00 of the 2nd: today at 9
    }
    assert {name: next_send_time(late, ZoneInfo(name), night) for name in cases} == cases


def test_the_end_of_quiet_hours_that_the_clock_jumps_over() -> None:
    # On 29 March 2026 Berlin goes from 2:00 to 3:00, so 2:30 does not come.
    quiet = QuietHours(time(21), time(2, 30))
    one = datetime(2026, 3, 29, 0, tzinfo=UTC)
    assert next_send_time(one, ZoneInfo("Europe/Berlin"), quiet) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_an_unknown_zone_is_the_shops() -> None:
    assert zone_of("Mars/Olympus") == zone_of("") == ZoneInfo("Asia/Shanghai")


def test_a_day_begins_at_midnight_of_the_zone() -> None:
    noon = datetime(2026, 5, 1, 12, tzinfo=UTC)
    assert day_start(noon, ZoneInfo("Asia/Kathmandu")) == datetime(2026, 4, 30, 18, 15, tzinfo=UTC)


def test_slots_keep_their_shop_time() -> None:
    first = datetime(2026, 5, 1, 2, tzinfo=UTC)  # 10:00 in Shanghai
    due, following = slots_until(first, 7, time(10), first + timedelta(days=15))
    assert due == [first, first + timedelta(days=7), first + timedelta(days=14)]
    assert following == first + timedelta(days=21)
    assert slots_until(first, 7, time(10), first - timedelta(seconds=1)) == ([], first)
