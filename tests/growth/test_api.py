"""Points, level and check-in over HTTP, for a shopper and for the shop."""

import pytest
from django.test import Client

from config.kit import clock
from growth.models import CheckIn, Entry, EntryKind
from growth.services import ripen
from growth.services.earn import Earning, earn, grant
from tests.callers import known, server, shopper
from tests.growth.books import assert_in_order, balance_of
from tests.growth.conftest import DAY

pytestmark = pytest.mark.django_db


def bought(customer, number, points, paid_at):
    earn([Earning(customer.pk, "shop", number, points, points * 100, paid_at, paid_at + 7 * DAY)])


def test_somebody_without_points_has_none(alice):
    answer = shopper(alice).ask("me/points")
    assert answer.json() == {"balance": 0, "pending": 0, "owed": 0, "next_expiry": None}


def test_a_shopper_sees_points_and_their_next_expiry(alice, bob):
    now = clock.now()
    bought(alice, "1", 50, now - 8 * DAY)
    bought(alice, "2", 30, now)
    grant(bob.pk, 999, key="g", kind=EntryKind.ADJUST, now=now)
    ripen.mature(now)
    answer = shopper(alice).ask("me/points").json()
    expiry = answer.pop("next_expiry")
    assert answer == {"balance": 50, "pending": 30, "owed": 0}
    assert expiry["points"] == 50
    assert expiry["at"][:16] == (now - DAY + 365 * DAY).isoformat()[:16]


def test_points_past_their_expiry_are_not_shown_as_spendable(alice):
    now = clock.now()
    grant(alice.pk, 10, key="old", kind=EntryKind.ADJUST, now=now - 366 * DAY)
    grant(alice.pk, 7, key="new", kind=EntryKind.ADJUST, now=now)
    assert shopper(alice).ask("me/points").json()["balance"] == 7


def test_the_history_is_paged_newest_first(alice, bob):
    now = clock.now()
    for n in range(5):
        grant(alice.pk, n + 1, key=f"g{n}", kind=EntryKind.ADJUST, now=now - n * DAY, note="for operators")
    grant(bob.pk, 99, key="g", kind=EntryKind.ADJUST, now=now)
    caller = shopper(alice)
    first = caller.ask("me/points/history", limit="3").json()
    rest = caller.get(first["next"]).json()
    rows = first["results"] + rest["results"]
    assert [row["points"] for row in rows] == [1, 2, 3, 4, 5]
    assert {tuple(row) for row in rows} == {("at", "kind", "account", "points")}
    assert rest["next"] is None


def test_a_level_with_what_is_missing_for_the_next(alice):
    caller = shopper(alice)
    fresh = caller.ask("me/level").json()
    assert (fresh["level"]["name"], fresh["growth_value"], fresh["missing"]) == ("Member", 0, 100)
    bought(alice, "1", 150, clock.now() - 8 * DAY)
    ripen.mature(clock.now())
    reached = caller.get("/api/v1/me/level", headers={"Accept-Language": "zh-hans"}).json()
    assert reached["level"] == {"name": "银卡会员", "threshold": 100, "colour": "#8a97a8"}
    assert (reached["growth_value"], reached["next_level"]["name"], reached["missing"]) == (
        150,
        "金卡会员",
        350,
    )
    assert reached["kept_until"] is not None


def test_checking_in_twice_gives_once(alice):
    caller = shopper(alice)
    assert caller.ask("me/check-in").json()["done_today"] is False
    first = caller.tell("me/check-in", once="a")
    again = caller.tell("me/check-in", once="a")
    other = caller.tell("me/check-in", once="b")
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 200)
    assert first.json() == again.json()
    assert (first.json()["streak"], first.json()["points"], other.json()["is_new"]) == (1, 1, False)
    calendar = caller.ask("me/check-in").json()
    assert (calendar["done_today"], calendar["streak"], len(calendar["dates"])) == (True, 1, 1)
    assert CheckIn.objects.count() == 1


def test_a_broken_streak_is_shown_as_none(alice):
    now = clock.now()
    day = now.date()
    CheckIn.objects.create(customer=alice, local_date=day - 3 * DAY, at=now - 3 * DAY, streak=9, points=1)
    calendar = shopper(alice).ask("me/check-in").json()
    assert (calendar["streak"], calendar["dates"]) == (0, [str(day - 3 * DAY)])


def test_the_shop_spends_once_per_key(alice):
    grant(known(alice).pk, 100, key="g", kind=EntryKind.ADJUST, now=clock.now())
    shop = server()
    order = {"user_id": "alice", "points": 60, "note": "Order 7"}
    first, again = (shop.tell("points/spend", order, once="o7") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first.json()["balance"] == 40
    assert balance_of(alice.pk) == (0, 40, 0)
    assert set(Entry.objects.filter(kind="spend").values_list("note", flat=True)) == {"Order 7"}
    other_body = shop.tell("points/spend", order | {"points": 1}, once="o7")
    assert other_body.status_code == 422
    assert_in_order()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"user_id": "alice", "points": 101}, 409, "not_enough_points"),
        ({"user_id": "alice", "points": -5}, 400, "points_not_positive"),
        ({"user_id": "alice", "points": 0}, 400, "points_not_positive"),
        ({"user_id": "alice", "points": 10**30}, 400, None),
        ({"user_id": "alice", "points": "many"}, 400, "invalid"),
        ({"user_id": "alice"}, 400, "required"),
        ({"user_id": "nobody", "points": 1}, 404, "not_found"),
        ({"user_id": "a\x00b", "points": 1}, 400, None),
    ],
)
def test_a_spending_that_cannot_be_is_refused(alice, body, status, code):
    grant(known(alice).pk, 100, key="g", kind=EntryKind.ADJUST, now=clock.now())
    answer = server().tell("points/spend", body, once="k")
    assert answer.status_code == status
    assert code is None or answer.json()["error"]["code"] == code
    assert balance_of(alice.pk) == (0, 100, 0)


def test_the_shop_reads_the_points_of_a_customer(alice):
    grant(known(alice).pk, 100, key="g", kind=EntryKind.ADJUST, now=clock.now())
    shop = server()
    assert shop.ask("points", user_id="alice").json()["balance"] == 100
    assert shop.ask("points", user_id="nobody").status_code == 404
    assert shop.ask("points").status_code == 400


@pytest.mark.parametrize(
    "address", ["me/points", "me/points/history", "me/level", "me/check-in", "points?user_id=a"]
)
def test_nobody_and_the_wrong_caller_are_kept_out(alice, address):
    wrong = server() if address.startswith("me/") else shopper(alice)
    assert Client().get(f"/api/v1/{address}").status_code == 401
    assert wrong.get(f"/api/v1/{address}").status_code in (401, 403)
