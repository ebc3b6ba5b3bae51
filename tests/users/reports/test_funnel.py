"""Funnels against a walk through every customer's events; steps, limits, order, and who stopped where."""

from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from tests.clock import move_to
from tests.operators import logged_in
from tests.users.door import identify, item, send
from tests.users.reports.shop import SHOPPING, Shop, behind, invent
from users.admin import awaited
from users.groups import group_spec, read_group
from users.models import Customer, EventType, LongJob, ReportResult
from users.reports import cohorts, funnel, stored
from users.reports.cohorts import Whom
from users.reports.funnel import REGISTERED, Asked, Step
from users.reports.periods import Period
from users.services import asked_answers, long_jobs

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
URL = "/admin/reports/funnel/"
NAMES = (*SHOPPING, "Order Completed")


def types() -> dict[str, str]:
    return {name: str(pk) for pk, name in EventType.objects.filter(name__in=NAMES).values_list("pk", "name")}


def asked(
    *names: str, days: int = 80, within: timedelta = timedelta(days=10), whom: Whom | None = None
) -> Asked:
    """A funnel over event names; "Product Viewed:Jazz" is about a category."""
    known = types()
    steps = []
    for name in names:
        event, _mark, category = name.partition(":")
        steps.append(Step(REGISTERED if event == REGISTERED else known[event], category))
    today = NOW.date()
    period = Period(today - timedelta(days=days), today - timedelta(days=5))
    return Asked(tuple(steps), within, period, whom or Whom())


def walked(shop: Shop, wanted: Asked, names: tuple[str, ...]) -> dict[str, tuple[int, list[float]]]:
    """Who → (depth, seconds between steps), the slow way."""
    found = {}
    for person in shop.people:
        if person["visitor"] and not wanted.whom.visitors:
            continue
        steps = [_instants(shop, person, name) for name in names]
        starts = [at for at in steps[0] if wanted.period.begin <= at < wanted.period.end]
        depth = max((_reach(start, steps, wanted.within) for start in starts), default=0)
        if depth:
            found[person["who"]] = (depth, _gaps(starts, steps, wanted.within, depth))
    return found


def _instants(shop: Shop, person: dict[str, Any], name: str) -> list[datetime]:
    if name == REGISTERED:
        return [person["registered"]] if person["registered"] else []
    event, _mark, category = name.partition(":")
    return sorted(
        one["at"]
        for one in shop.events
        if one["who"] == person["who"]
        and one["name"] == event
        and (not category or one["category"] == category)
    )


def _reach(start: datetime, steps: list[list[datetime]], within: timedelta) -> int:
    at, depth = start, 1
    for instants in steps[1:]:
        later = [one for one in instants if one > at and one - start <= within]
        if not later:
            break
        at, depth = later[0], depth + 1
    return depth


def _gaps(starts: list[datetime], steps: list[list[datetime]], within: timedelta, depth: int) -> list[float]:
    """From the last event of the step before to the first event that reaches the step."""
    gaps = []
    reaching = set(starts)
    for number in range(1, depth):
        next_reaching = {at for at in steps[number] if _is_reached(at, starts, steps[: number + 1], within)}
        first = min(next_reaching)
        gaps.append((first - max(at for at in reaching if at < first)).total_seconds())
        reaching = next_reaching
    return gaps


def _is_reached(
    end: datetime, starts: list[datetime], steps: list[list[datetime]], within: timedelta
) -> bool:
    """Whether a way ends with the event at ``end``, going back greedily to the latest start."""
    at = end
    for instants in reversed(steps[1:-1]):
        before = [one for one in instants if one < at]
        if not before:
            return False
        at = before[-1]
    begun = [one for one in starts if one < at]
    return bool(begun) and end - begun[-1] <= within


FUNNELS = (
    ("Product Viewed", "Product Added"),
    ("Product Viewed", "Product Added", "Checkout Started", "Order Completed"),
    ("Product Viewed", "Product Viewed", "Product Viewed"),
    ("Product Viewed:Jazz", "Product Viewed", "Product Added:Rock"),
    (REGISTERED, "Product Viewed", "Order Completed"),
    ("Order Completed", REGISTERED),
)


def check(shop: Shop, names: tuple[str, ...], **more: Any) -> None:
    wanted = asked(*names, **more)
    found, slow = funnel.compute(wanted, NOW), walked(shop, wanted, names)
    depths = [depth for depth, _gaps_ in slow.values()]
    assert list(found.all.reached) == [sum(depth > step for depth in depths) for step in range(len(names))]
    for step in range(1, len(names)):
        gaps = [told[step - 1] for _depth, told in slow.values() if len(told) >= step]
        hours = found.all.hours[step]
        assert (hours is None) == (not gaps)
        assert hours is None or hours * 3600 == pytest.approx(median(gaps), rel=0.005)


@given_settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 10_000), days=st.integers(1, 60))
def test_small_random_shops(seed: int, days: int) -> None:
    with transaction.atomic():
        move_to(NOW)
        shop = invent(seed, NOW, people=8)
        for names in FUNNELS:
            check(shop, names, within=timedelta(days=days))
        transaction.set_rollback(True)


@pytest.fixture
def shop() -> Shop:
    """A larger one."""
    move_to(NOW)
    return invent(21, NOW, people=60)


def test_a_larger_shop_with_and_without_visitors(shop: Shop) -> None:
    for names in FUNNELS:
        check(shop, names)
        check(shop, names, whom=Whom(visitors=True), within=timedelta(days=30))


def test_everybody_behind_every_step(shop: Shop) -> None:
    names = FUNNELS[1][:3]
    wanted = asked(*names, whom=Whom(visitors=True), within=timedelta(days=60))
    slow = walked(shop, wanted, names)
    assert {depth for depth, _gaps_ in slow.values()} == {1, 2, 3}
    for step in (1, 2, 3):
        reached = read_group(group_spec("funnel", **wanted.parameters, step=step), NOW)
        stopped = read_group(group_spec("funnel", **wanted.parameters, step=step, stopped=1), NOW)
        assert _names(reached.customers) == {who for who, (depth, _g) in slow.items() if depth >= step}
        assert _names(stopped.customers) == {who for who, (depth, _g) in slow.items() if depth == step}


def _names(customers: Any) -> set[str]:
    people = Customer.objects.filter(pk__in=customers).prefetch_related("identities")
    return {person.user_id or next(one.value for one in person.identities.all()) for person in people}


def test_ways_by_channel_add_up_and_open(shop: Shop) -> None:
    wanted = asked(*FUNNELS[0], whom=cohorts.read_whom({"by": "channel"}))
    found = funnel.compute(wanted, NOW)
    assert {way.value for way in found.ways} == {"search", "wechat", None}
    assert [sum(way.reached[n] for way in found.ways) for n in (0, 1)] == list(found.all.reached)
    response = logged_in().get(URL, {"by": "channel", "preset": "shopping", "period": "90"})
    for row in [*response.context["ways"].rows, *response.context["table"].rows]:
        for cell in row:
            if getattr(cell, "url", "") and isinstance(cell.value, int):
                assert len(behind(cell.url, NOW)) == cell.value


def test_ways_by_device_of_the_first_step() -> None:
    """u1 looks on a phone and later at a desk, u2 on a tablet, u3's back end tells no device."""
    move_to(NOW)
    at = NOW - timedelta(days=20)

    def event(user: str, hours: int, name: str, kind: str | None) -> dict[str, Any]:
        context = {"device": {"kind": kind}} if kind else {}
        return item(at=at + timedelta(hours=hours), name=name, user=user, context=context)

    send(
        identify(at=at, user="u1", createdAt=at.isoformat()),
        event("u1", 1, "Product Viewed", "mobile"),
        event("u1", 2, "Product Viewed", "desktop"),
        event("u1", 3, "Product Added", "desktop"),
        event("u2", 1, "Product Viewed", None),
        event("u2", 2, "Product Viewed", "tablet"),
        event("u3", 1, "Product Viewed", None),
        event("u3", 2, "Product Added", None),
        is_history=True,
    )
    names = ("Product Viewed", "Product Added")
    told = {"by": "device", "preset": "shopping", "period": "90"}
    wanted = asked(*names, whom=cohorts.read_whom(told, own=funnel.OWN))
    found = funnel.compute(wanted, NOW)
    assert {way.value: list(way.reached) for way in found.ways} == {
        "mobile": [1, 1],
        "tablet": [1, 0],
        None: [1, 1],
    }
    for value, who in (("mobile", {"u1"}), ("desktop", set()), (None, {"u3"})):
        only = asked(*names, whom=wanted.whom.with_value(value))
        behind_it = read_group(group_spec("funnel", **only.parameters, step=2), NOW)
        assert _names(behind_it.customers) == who
    registered = asked(REGISTERED, *names, whom=wanted.whom)
    assert {way.value for way in funnel.compute(registered, NOW).ways} == {"mobile"}
    page = logged_in().get(URL, told)
    assert {str(row[0]) for row in page.context["ways"].rows} == {"Mobile", "Tablet", "not known"}


@pytest.mark.parametrize("told", [{"by": "channel"}, {"by": "device", "preset": "shopping"}])
def test_parts_add_up(shop: Shop, told: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "DAYS_AT_ONCE", 150)
    wanted = funnel.read(told | {"period": "90", "visitors": "1"}, NOW)
    whole = funnel.compute(wanted, NOW)
    assert funnel.question(wanted).parts == (7 if "device" in told.values() else 3)
    while not stored.prepare(funnel.question(wanted), NOW, until=0):
        pass
    assert stored.is_kept(funnel.question(wanted), NOW)
    assert funnel.compute(wanted, NOW) == whole


def test_what_takes_long_is_computed_in_parts(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page says how far the answer is and is there by itself; another question waits for nobody."""
    monkeypatch.setattr(awaited, "AT_ONCE", 0.001)
    client, told = logged_in(), {"by": "channel", "preset": "shopping", "period": "90"}
    waiting = client.get(URL, told)
    assert (waiting.status_code, "counted in parts" in waiting.content.decode()) == (200, True)
    part = {"HX-Request": "true", "HX-Target": "waiting"}
    assert "r-progress" in client.get(URL, told, headers=part).content.decode()
    (job,) = LongJob.objects.all()  # asked for once, however often the page is opened
    assert (job.kind, job.total) == (asked_answers.KIND, 10)
    assert client.get(URL, told | {"by": "city"}).status_code == 200  # whose values are not kept
    long_jobs.run_due()
    assert client.get(URL, told, headers=part).headers["HX-Refresh"] == "true"
    job.refresh_from_db()
    assert (job.state, job.done) == (LongJob.State.DONE, 10)
    wanted = funnel.read(told, NOW)
    shown = client.get(URL, told).context["view"].found
    ReportResult.objects.all().delete()
    assert (shown.all, shown.ways) == (funnel.compute(wanted, NOW).all, funnel.compute(wanted, NOW).ways)


def test_an_answer_that_cannot_be_had_is_said(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(awaited, "AT_ONCE", 0.001)
    client = logged_in()
    client.get(URL)
    LongJob.objects.update(state=LongJob.State.FAILED)
    refused = client.get(URL)
    assert (refused.status_code, LongJob.objects.count()) == (503, 1)
    assert "Choose a shorter period" in refused.content.decode()
    monkeypatch.setattr(asked_answers, "MOST_OPEN", 1)
    client.get(URL, {"period": "90"})
    assert "Many reports are being computed" in client.get(URL, {"period": "365"}).content.decode()


def test_the_same_instant_is_not_later() -> None:
    move_to(NOW)
    at = NOW - timedelta(days=10)
    send(
        identify(at=at, user="a", name="A"),
        item(at=at, name="Product Viewed", user="a"),
        item(at=at, name="Product Added", user="a"),
        item(at=at + timedelta(hours=2), name="Product Added", user="a"),
        is_history=True,
    )
    names = ("Product Viewed", "Product Added")
    assert funnel.compute(asked(*names, within=timedelta(hours=2)), NOW).all.reached == [1, 1]
    assert funnel.compute(asked(*names, within=timedelta(hours=1)), NOW).all.reached == [1, 0]


def test_registration_first_is_the_usual_funnel(shop: Shop) -> None:
    response = logged_in().get(URL)
    titles = [row[0] for row in response.context["table"].rows]
    assert titles[:2] == ["1. Registered", "2. Viewed a product"]
    assert titles[-1] == "5. Ordered"
    assert [way for way in funnel.preset("shopping")] == [Step(types()[name]) for name in NAMES]


@pytest.mark.parametrize(
    "told",
    [
        {"s1": "r"},
        {"s1": "r", "s2": "999999999999"},
        {"s1": "r", "s2": "32768"},
        {"s1": "r", "s2": "x' OR 1=1"},
        {"s1": "r", "s2": "r", "c1": "J" * 500},
        {"within": "0"},
        {"within": "-5"},
        {"within": "9" * 30},
        {"within": "400", "unit": "day"},
        {"within": "x", "unit": "fortnight"},
    ],
)
def test_what_makes_no_sense_is_said(told: dict[str, str]) -> None:
    move_to(NOW)
    response = logged_in().get(URL, told)
    assert response.status_code == 200
    assert response.context["problem"]


@pytest.mark.parametrize(
    "told",
    [
        {"c1": "%s'\"\x00__", "s1": "r", "s2": "r"},
        {"from": "9999-12-01", "to": "9999-12-31"},
        {"by": "attribute:%(begin)s"},
        {"preset": "none", "period": "x"},
        {"csv": "1"},
    ],
)
def test_addresses_made_by_hand_never_fail(told: dict[str, str]) -> None:
    move_to(NOW)
    assert logged_in().get(URL, told).status_code == 200


@pytest.mark.parametrize(
    "spec",
    [
        "funnel?",
        "funnel?steps=r,r&within=5&from=2026-01-01&to=2026-01-02&step=3",
        "funnel?steps=r&within=5&from=2026-01-01&to=2026-01-02&step=1",
        "funnel?steps=r,r&within=x&from=2026-01-01&to=2026-01-02&step=1",
        "retention?start=activity&from=2026-01-02&to=2026-01-01&unit=day&first=1&kept=1",
        "retention?start=activity&from=2026-01-01&to=2026-01-02&unit=day&first=99999&kept=1",
        "retention?start=activity&from=9999-01-01&to=9999-12-31&unit=day&first=1&kept=1",
        "retention?start=pg_sleep(9)&from=2026-01-01&to=2026-01-02&unit=day&first=1&kept=1",
        "buyers?from=2026-01-01&to=2026-01-02&age=-1",
        "portrait?of=nothing",
        "portrait?of=everyone&by=gender",
        "portrait?of=portrait%3Fof%3Dportrait",
    ],
)
def test_links_made_by_hand_get_a_sentence(spec: str) -> None:
    move_to(NOW)
    response = logged_in().get("/admin/customers/", {"group": spec})
    assert response.status_code == 400
    assert "names no group of customers" in response.content.decode()


def test_few_queries(shop: Shop, django_assert_max_num_queries: Any) -> None:
    client = logged_in()
    client.get(URL)
    with django_assert_max_num_queries(15):  # four of them about the second that it may take
        client.get(URL, {"by": "channel"})
