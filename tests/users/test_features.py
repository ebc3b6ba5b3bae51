"""Features and visits: counted a second way in plain Python, and the edges of a visit."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from statistics import fmean

import pytest
from django.db import transaction
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.clock import move_to
from tests.operators import logged_in
from tests.users.door import send, track, visit
from users.groups import read_group
from users.models import Customer
from users.reports import features
from users.reports.periods import Period

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
WEEK = Period(date(2026, 5, 10), date(2026, 5, 16))
SPAN = "from=2026-05-10&to=2026-05-16"
MINUTE = timedelta(minutes=1)


def visits_of(instants: list[datetime]) -> list[list[datetime]]:
    """Activity of one customer as visits."""
    found: list[list[datetime]] = []
    for at in sorted(instants):
        if found and at - found[-1][-1] < 30 * MINUTE:
            found[-1].append(at)
        else:
            found.append([at])
    return found


def names(spec: str) -> set[str | None]:
    return set(
        Customer.objects.filter(pk__in=read_group(spec, NOW).customers).values_list("user_id", flat=True)
    )


# Minutes around the ends of the period, dense enough for pauses of just under, at and over half an hour.
edge = st.sampled_from([-45, -31, -30, -29, -10, 0, 10, 25, 29, 30, 31, 59, 60, 90, 120])
instants = st.lists(
    st.tuples(st.sampled_from([WEEK.begin, WEEK.begin + timedelta(days=3), WEEK.end]), edge),
    min_size=1,
    max_size=14,
    unique=True,
)


@given(instants)
@settings(max_examples=25, deadline=None)
def test_visits_are_those_cut_by_hand(spots: list[tuple[datetime, int]]) -> None:
    told = [begin + minutes * MINUTE for begin, minutes in spots]
    with transaction.atomic():
        move_to(NOW)
        send(*(visit(at=at, user="alice") for at in told), is_history=True)
        found = features.visits(WEEK, NOW, {})
        expected = [v for v in visits_of(told) if WEEK.begin <= v[0] < WEEK.end]
        assert found.seconds == Counter(int((v[-1] - v[0]).total_seconds()) for v in expected)
        assert found.events == found.pages == Counter(map(len, expected))
        assert (found.customers, found.going_on) == (int(bool(expected)), 0)
        transaction.set_rollback(True)


@pytest.fixture
def shop() -> Iterator[dict[str, list[tuple[str, datetime]]]]:
    """Twelve customers over two weeks, by arithmetic: who did what when."""
    move_to(NOW)
    kinds = ("Page Viewed", "Products Searched", "Cart Viewed")
    acts: dict[str, list[tuple[str, datetime]]] = {}
    for number in range(12):
        acts[f"c{number}"] = [
            (
                kinds[(number + step) % (1 + number % 3)],
                WEEK.before.begin + timedelta(hours=(step * (7 + number)) % 330, minutes=step * 17 % 45),
            )
            for step in range(40)
        ]
    send(
        *(track(kind, at=at, user=name) for name, mine in acts.items() for kind, at in mine),
        visit(at=WEEK.begin, anonymous="somebody"),
        is_history=True,
    )
    yield acts


def test_shares_of_features_and_the_groups_behind(shop: dict[str, list[tuple[str, datetime]]]) -> None:
    found = features.use(WEEK, NOW, {})

    def users(kind: str | None, period: Period) -> set[str]:
        return {
            name
            for name, mine in shop.items()
            if any(period.begin <= at < period.end and kind in (None, what) for what, at in mine)
        }

    assert (found.active, found.active_before) == (len(users(None, WEEK)), len(users(None, WEEK.before)))
    assert {f.name for f in found.features} == {"Page Viewed", "Products Searched", "Cart Viewed"}
    for feature in found.features:
        assert feature.customers == len(users(feature.name, WEEK))
        assert feature.before == len(users(feature.name, WEEK.before))
        assert names(f"feature?type={feature.type_id}&{SPAN}") == users(feature.name, WEEK)
    assert features.use(WEEK, NOW, {"visitors": "yes"}).active == found.active + 1
    assert features.use(WEEK, NOW, {"channel": ""}).active == found.active
    assert features.use(WEEK, NOW, {"channel": "search"}).active == 0


def test_lengths_medians_and_the_customers_of_a_bucket(shop: dict[str, list[tuple[str, datetime]]]) -> None:
    found = features.visits(WEEK, NOW, {})
    by_customer = {
        name: [v for v in visits_of([at for _k, at in mine]) if WEEK.begin <= v[0] < WEEK.end]
        for name, mine in shop.items()
    }
    every = sorted(int((v[-1] - v[0]).total_seconds()) for mine in by_customer.values() for v in mine)
    assert (found.n, found.customers) == (len(every), sum(map(bool, by_customer.values())))
    assert features.median(found.seconds) == every[(len(every) - 1) // 2]
    assert features.mean(found.seconds) == pytest.approx(fmean(every))
    pages = sum(
        what == "Page Viewed" and any(at in v for v in by_customer[name])
        for name, mine in shop.items()
        for what, at in mine
    )
    assert sum(value * n for value, n in found.pages.items()) == pages
    for low, high in features.BUCKETS:
        lengths = {n: [(v[-1] - v[0]).total_seconds() for v in mine] for n, mine in by_customer.items()}
        inside = {n for n, mine in lengths.items() if any(low <= x < (high or 10**9) for x in mine)}
        upper = "" if high is None else f"&high={high}"
        assert names(f"visits?low={low}{upper}&{SPAN}") == inside
        assert found.bucket(low, high) == sum(low <= x < (high or 10**9) for x in every)


def test_a_visit_is_not_over_before_half_an_hour_of_silence() -> None:
    today = Period(date(2026, 5, 20), date(2026, 5, 20))
    move_to(NOW)
    send(visit(at=NOW - 40 * MINUTE, user="a"), visit(at=NOW - 29 * MINUTE, user="a"))
    found = features.visits(today, NOW, {})
    assert (found.n, found.going_on, found.customers) == (0, 1, 0)
    later = move_to(NOW + MINUTE)
    found = features.visits(today, later, {})
    assert (found.n, found.going_on, dict(found.seconds)) == (1, 0, {660: 1})


def test_a_visit_without_end_is_left_out() -> None:
    move_to(NOW)
    steps = range(0, 27 * 60, 20)
    send(*(visit(at=WEEK.end - MINUTE + n * MINUTE, user="bot") for n in steps), is_history=True)
    found = features.visits(WEEK, NOW, {})
    assert (found.n, found.going_on) == (0, 1)


def test_nobody_has_no_median() -> None:
    assert features.median({}) is None
    assert features.mean({}) is None


def test_the_pages_show_it_in_both_languages(shop: dict[str, list[tuple[str, datetime]]]) -> None:
    for language, word in (("en", "Products Searched"), ("zh-hans", "占活跃顾客")):
        client = logged_in(language=language)
        url = f"{reverse('users:features')}?{SPAN}"
        assert client.get(url).status_code == 200
        part = client.get(url, headers={"HX-Request": "true", "HX-Target": "use"}).content.decode()
        assert word in part and "<html" not in part
        assert (
            "r-chart"
            in client.get(url, headers={"HX-Request": "true", "HX-Target": "visits"}).content.decode()
        )
