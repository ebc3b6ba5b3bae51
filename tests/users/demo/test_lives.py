"""The demo's lives: the real log, moved in time, and what is invented around it."""

from collections import Counter
from datetime import date, datetime, timedelta

import pytest

from users.services.demo import days, lives, log
from users.services.demo.door import BODY_BYTES, BODY_CALLS, bodies
from users.services.demo.instants import share_of_day, shop_day, start_of
from users.services.demo.people import person

ANCHOR = date(2026, 3, 31)
UNTIL = start_of(date(2026, 4, 1))


def test_the_log_is_the_real_one() -> None:
    purchases = [one for rows in log.purchases_by_customer().values() for one in rows]
    assert len(purchases) == 69_659
    assert len({one.customer for one in purchases}) == 23_570
    assert (min(one.day for one in purchases), max(one.day for one in purchases)) == (
        date(1997, 1, 1),
        date(1998, 6, 30),
    )
    assert sum(one.cents for one in purchases) == 250_031_563


def test_another_log_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    other = tmp_path / "log.txt"
    other.write_text(" header\n 00001 19970101 1 11.77\n")
    monkeypatch.setattr(log, "_file", lambda: other)
    with pytest.raises(log.WrongLog, match="1 purchases by 1 customers"):
        log.purchases_by_customer.__wrapped__()


def test_amounts_and_gaps_stay_as_logged() -> None:
    for number in (2, 3, 14048, 23570):
        logged = log.purchases_by_customer()[number]
        moved = lives.orders_of(number, ANCHOR)
        assert [one.cents for one in moved] == [one.cents for one in logged]
        gaps = [(one.day - logged[0].day).days for one in logged]
        assert [(shop_day(one.at) - shop_day(moved[0].at)).days for one in moved] == gaps


def test_first_purchases_spread_over_eighteen_months() -> None:
    firsts = Counter(
        (ANCHOR - lives.first_day(number, ANCHOR)).days // 30 for number in log.purchases_by_customer()
    )
    assert set(firsts) == set(range(19))
    assert max(lives.first_day(n, ANCHOR) for n in log.purchases_by_customer()) == ANCHOR
    assert min(firsts[month] for month in range(18)) > 500


def test_a_life_is_the_same_whenever_it_is_told_and_ends_at_the_cut() -> None:
    story, again = lives.buyer(9, ANCHOR, UNTIL), lives.buyer(9, ANCHOR, UNTIL)
    assert story.calls == again.calls
    assert all(at < UNTIL for at, _ in story.calls)
    assert len({call["messageId"] for _, call in story.calls}) == len(story.calls)


def test_lines_sum_to_the_logged_amount() -> None:
    for number in range(1, 400):
        for planned in lives.orders_of(number, ANCHOR):
            lines = planned.lines(person(number, joined_at=UNTIL))
            assert sum(round(line["price"] * 100) * line["quantity"] for line in lines) == planned.cents
            assert sum(line["quantity"] for line in lines) == planned.records


def test_people_live_where_no_mail_arrives() -> None:
    addresses = [person(n, joined_at=UNTIL).traits.get("email", "") for n in range(1, 500)]
    assert all(
        not one or one.rsplit("@")[1] in {"example.com", "example.net", "example.org"} for one in addresses
    )
    assert len(set(filter(None, addresses))) == len(list(filter(None, addresses)))
    assert all(person(n, joined_at=UNTIL).traits["invented"] is True for n in range(1, 500))


def test_the_day_has_one_whole_share() -> None:
    noon = datetime.fromisoformat("2026-03-30T12:00:00+08:00")
    assert share_of_day(noon, noon + timedelta(days=1)) == pytest.approx(1.0)
    assert share_of_day(noon, noon + timedelta(hours=1)) == pytest.approx(0.06)


def test_bodies_keep_the_doors_limits() -> None:
    calls = [{"n": n, "text": "x" * 400} for n in range(3_000)]
    sizes = [(len(body), count) for body, count in bodies(calls)]
    assert sum(count for _, count in sizes) == 3_000
    assert all(length <= BODY_BYTES + 50 and count <= BODY_CALLS for length, count in sizes)


def test_the_log_goes_on_after_the_cut_and_slots_repeat_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    few = {number: rows for number, rows in log.purchases_by_customer().items() if number <= 2_000}
    for module in (lives, days):
        monkeypatch.setattr(module, "purchases_by_customer", lambda: few)
    monkeypatch.setattr(days, "CUSTOMERS", 2_000)
    forget()
    begin, end = UNTIL, UNTIL + timedelta(days=1)
    told = list(days._happenings(ANCHOR, begin, end))
    orders = {call["properties"]["order_id"] for _, call in told if call.get("event") == "Order Completed"}
    planned = {
        one.order_id for number in few for one in lives.orders_of(number, ANCHOR) if begin <= one.at < end
    }
    assert planned and planned <= orders
    assert told == list(days._happenings(ANCHOR, begin, end))
    halves = [
        *days._happenings(ANCHOR, begin, UNTIL + timedelta(hours=9)),
        *days._happenings(ANCHOR, UNTIL + timedelta(hours=9), end),
    ]
    assert sorted(call["messageId"] for _, call in halves) == sorted(call["messageId"] for _, call in told)
    assert len({call["messageId"] for _, call in told}) == len(told)
    assert all(at < end for at, _ in told)
    forget()


def forget() -> None:
    """Forget the days of another log."""
    lives.orders_on.cache_clear()
    lives._buyers_by_day.cache_clear()


def test_carts_before_orders_are_told_of_the_last_months_only() -> None:
    story = lives.buyer(14_048, ANCHOR, UNTIL)  # the customer of the log with the most purchases
    bought = [at for at, call in story.calls if call.get("event") == "Order Completed"]
    recent = [at for at in bought if at >= UNTIL - lives.CARTS_TRACKED]
    added = {at for at, call in story.calls if call.get("event") == "Product Added"}
    led_to = [at for at in bought if any(timedelta(0) < at - put < timedelta(minutes=25) for put in added)]
    assert 0 < len(recent) < len(bought)
    assert set(recent) <= set(led_to)


def test_a_refund_of_a_part_names_its_line() -> None:
    named = []
    for number in range(1, 4_000):
        someone = person(number, joined_at=UNTIL)
        for planned in lives.orders_of(number, ANCHOR):
            if planned.refund_at is None:
                continue
            told, lines = lives.refund_properties(planned, someone), planned.lines(someone)
            if planned.refund_cents == planned.cents or len(lines) == 1:
                assert (told["total"], "products" in told) == (planned.refund_cents / 100, False)
            else:
                named.append(told["products"] == lines[-1:] and 0 < told["total"] * 100 < planned.cents)
    assert named and all(named)
