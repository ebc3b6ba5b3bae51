"""The pages about value: their figures against a second computation, their links, their empty states."""

import itertools
import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from config.kit import clock, words
from feedback.models import Conversation
from segments.rules.as_of import AsOf
from segments.rules.parse import parse
from tests.clock import move_to
from tests.operators import logged_in
from tests.users.value import oracle
from tests.users.value.shop import Somebody, day_of, invent, open_shop
from users.groups import read_group
from users.models import CustomerValue, Role
from users.services import value

pytestmark = pytest.mark.django_db
AS_OF = datetime(2026, 5, 19, 19, 30, tzinfo=UTC)
NOW = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
PAGES = ("rfm", "core", "repurchase", "model", "leaders")


@pytest.fixture
def people() -> list[Somebody]:
    """A shop of 90 with its figures of the day."""
    move_to(NOW)
    people = invent(90, AS_OF)
    open_shop(people)
    value.compute(NOW)
    return people


def behind(spec: str) -> set[int]:
    """The customers of a group."""
    return set(
        CustomerValue.objects.filter(pk__in=read_group(spec, NOW).customers).values_list("pk", flat=True)
    )


def sections(name: str) -> list[Any]:
    found: list[Any] = logged_in().get(reverse(f"users:{name}")).context["sections"]
    return found


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_before_the_first_figures_a_page_says_what_would_be_here(language: str) -> None:
    client = logged_in(language=language)
    for name in PAGES:
        response = client.get(reverse(f"users:{name}"))
        assert response.status_code == 200
        assert response.context["empty"].title
        assert "03:30" in response.content.decode()


def test_every_link_of_a_page_opens_customers(people: list[Somebody]) -> None:
    client = logged_in()
    for name in PAGES:
        text = client.get(reverse(f"users:{name}")).content.decode()
        links = {unescape(link) for link in re.findall(r'href="([^"]*group=[^"]*)"', text)}
        assert links
        for link in links:
            (spec,) = parse_qs(urlsplit(link).query)["group"]
            behind(spec)
        assert client.get(sorted(links)[0]).status_code == 200


def test_a_page_costs_the_same_few_queries(
    people: list[Somebody], django_assert_max_num_queries: Any
) -> None:
    client = logged_in()
    client.get(reverse("users:rfm"))
    for name in PAGES:
        with django_assert_max_num_queries(10):
            client.get(reverse(f"users:{name}"))


def test_nobody_posts_to_a_report() -> None:
    client = logged_in(Role.READ_ONLY)
    for name in PAGES:
        assert client.post(reverse(f"users:{name}")).status_code == 403


def test_the_grid_and_the_groups_count_whom_they_open(people: list[Somebody]) -> None:
    expected = oracle.figures(people, AS_OF)
    heat = sections("rfm")[0].heat
    for row, r in zip(heat.rows, (5, 4, 3, 2, 1), strict=True):
        for cell, f in zip(row.cells, (1, 2, 3, 4, 5), strict=True):
            here = {pk for pk, one in expected.items() if (one["r"], one["f"]) == (r, f)}
            assert cell.text == str(len(here))
            assert behind(f"rfm?r={r}&f={f}") == here
    for row in sections("rfm")[1].table.rows:
        of = parse_qs(urlsplit(row[0].url).query)["group"][0].partition("name=")[2]
        here = {pk for pk, one in expected.items() if one["rfm_group"] == of}
        assert row[1].value == len(here)
        assert row[3] == sum(expected[pk]["net_window"] for pk in here)
        assert behind(f"rfm_group?name={of}") == here


SAVED = (
    "rfm?r=5&f=1", "rfm?r=1", "rfm_group?name=lost", "core", "top?by=revenue&n=20", "top?by=orders&n=50",
    "order_band?band=0", "order_band?band=2-5", "aov_band?band=2", "churn_risk?low=0&high=100", "fan?of=passer_by",
    "leaders?least=3",
)  # fmt: skip
SENSELESS = (
    "rfm", "rfm?r=6", "rfm?r=x", "rfm_group?name=nobody", "top?by=revenue&n=x", "top?by=luck&n=1",
    "order_band?band=7", "aov_band?band=9", "fan?of=", "first_purchase?month=2026-13",
    "first_purchase?month=2026-01&within=7", "churn_risk?low=a&high=b", "bought", "breadth?kinds=x",
)  # fmt: skip


def test_a_group_saved_as_a_segment_means_the_same_customers(people: list[Somebody]) -> None:
    with_figures = set(CustomerValue.objects.values_list("pk", flat=True))
    for spec in SAVED:
        rule = parse({"version": 1, "root": read_group(spec, NOW).rule})
        chosen = set(rule.customers(AsOf(clock.now())).filter(identified=True).values_list("pk", flat=True))
        assert chosen & with_figures == behind(spec), spec


def test_paying_or_not_is_live_in_a_rule(people: list[Somebody]) -> None:
    rule = parse({"version": 1, "root": read_group("paying", NOW).rule})
    chosen = set(rule.customers(AsOf(NOW)).values_list("pk", flat=True))
    assert chosen == {one.pk for one in people if one.counting and not one.erased}
    assert behind("paying") | behind("paying?no=1") == {one.pk for one in oracle.population(people, AS_OF)}


def test_a_link_that_makes_no_sense_is_refused_in_words(people: list[Somebody]) -> None:
    client = logged_in()
    for spec in SENSELESS:
        response = client.get(reverse("users:customers"), {"group": spec})
        assert "This link names no group of customers" in response.content.decode(), spec


def test_core_and_curve(people: list[Somebody]) -> None:
    expected = oracle.figures(people, AS_OF)
    core = {pk for pk, one in expected.items() if one["is_core"]}
    earning = [one["revenue_year"] for one in expected.values() if one["revenue_year"] > 0]
    total = sum(one["revenue_year"] for one in expected.values())
    who, bring, curve, tops, first = sections("core")
    stats = [*who.stats, *bring.stats]
    brought = sum(expected[pk]["revenue_year"] for pk in core)
    assert [stat.value for stat in stats[:4]] == [
        len(core),
        len(core) / len(earning),
        brought / total,
        brought,
    ]
    assert behind("core") == core
    least = min(expected[pk]["revenue_year"] for pk in core)
    near = {pk for pk, one in expected.items() if pk not in core and one["revenue_year"] >= 0.8 * least}
    assert (stats[5].value, behind("core?near=1")) == (len(near), near)
    assert curve.chart.series[0].values[-1] == 1.0
    assert [row[1].value for row in tops.table.rows] == [
        sum(one["top_revenue"] is not None and one["top_revenue"] <= n for one in expected.values())
        for n in (1, 5, 10, 20, 25, 50)
    ]
    assert len(first.table.rows) == min(20, len(core))


def test_repurchase_by_cohort_and_category(people: list[Somebody]) -> None:
    expected = oracle.figures(people, AS_OF)
    cohorts, categories, breadth, following = sections("repurchase")
    for row in cohorts.heat.rows:
        here = [
            one
            for one in expected.values()
            if one["first_day"] and words.month(one["first_day"]) == row.title
        ]
        month = here[0]["first_day"].isoformat()[:7]
        again = [one for one in here if one["second_day"]]
        within = [
            sum((one["second_day"] - one["first_day"]).days <= days for one in again)
            for days in (30, 90, 180)
        ]
        assert row.before[0] == str(len(here))
        assert [cell.share for cell in row.cells] == [count / len(here) for count in [*within, len(again)]]
        assert len(behind(f"first_purchase?month={month}&again=1")) == len(again)
        assert len(behind(f"first_purchase?month={month}&within=90")) == within[1]
    days = purchases(people)
    for row in categories.table.rows:
        bought = {pk: [day for day, names in mine if row[0].value in names] for pk, mine in days.items()}
        assert row[1].value == sum(bool(found) for found in bought.values())
        assert row[2].value == sum(len(found) > 1 for found in bought.values())
        assert len(behind(f"bought?category={row[0].value}&again=1")) == row[2].value
    kinds = [len(set().union(*(names for _day, names in mine))) for mine in days.values()]
    assert [stat.value for stat in breadth.stats] == [sum(k == n for k in kinds) for n in range(1, 6)] + [
        sum(k >= 6 for k in kinds)
    ]
    assert behind("breadth?kinds=2") == {pk for pk, k in zip(days, kinds, strict=True) if k == 2}
    next_jazz = {
        pk
        for pk, mine in days.items()
        if any("Jazz" in one[1] and "Rock" in two[1] for one, two in itertools.pairwise(mine))
    }
    came_back = {pk for pk, mine in days.items() if any("Jazz" in names for _day, names in mine[:-1])}
    jazz = next(row for row in following.heat.rows if row.title == "Jazz")
    rock = [str(column) for column in following.heat.columns].index("Rock")
    assert jazz.before == [str(len(came_back))]
    assert jazz.cells[rock].text == f"{100 * len(next_jazz) / len(came_back):.0f}%"
    assert behind("bought_next?category=Jazz&next=Rock") == next_jazz


def purchases(people: list[Somebody]) -> dict[int, list[tuple[Any, set[str]]]]:
    """By customer: days with lines of a category, and which."""
    found = {}
    for one in oracle.population(people, AS_OF):
        days: dict[Any, set[str]] = {}
        for order in one.counting:
            names = {line for line in order.lines if line}
            if order.at < AS_OF and names:
                days.setdefault(day_of(order.at), set()).update(names)
        if days:
            found[one.pk] = sorted(days.items())
    return found


def test_the_model_page_says_why_nothing_is_known(people: list[Somebody]) -> None:
    text = logged_in().get(reverse("users:model")).content.decode()
    assert "There is no prediction: fewer than 500 buyers." in text
    assert "不足 500 位买家" in logged_in(language="zh-hans").get(reverse("users:model")).content.decode()


def test_with_a_model_the_page_is_held_to_the_orders_and_the_panel_says_why() -> None:
    move_to(NOW)
    people = invent(900, AS_OF, seed="model")
    open_shop(people)
    value.compute(NOW)
    found = {str(section.title): section for section in sections("model")}
    rows = found["Held against what came"].table.rows
    actual = purchases_since(people, day_of(AS_OF) - timedelta(days=180))
    assert [(row[1], row[3]) for row in rows] == [(len(actual[n]), sum(actual[n])) for n in sorted(actual)]
    assert found["Parameters"].table.rows[0][1] == "r"
    alive = found["Probability of still being a customer"].table.rows
    assert sum(row[1].value for row in alive) == CustomerValue.objects.filter(p_alive__isnull=False).count()
    assert len(behind(parse_qs(urlsplit(alive[0][1].url).query)["group"][0])) == alive[0][1].value
    complain_and_look_at_the_panel()


def purchases_since(people: list[Somebody], cutoff: date) -> dict[int, list[int]]:
    """By repeat purchase days up to the cutoff (7: or more): how many each customer had since."""
    actual: dict[int, list[int]] = {}
    for one in oracle.population(people, AS_OF):
        days = sorted({day_of(order.at) for order in one.counting if order.at < AS_OF})
        if days and days[0] <= cutoff:
            repeats = min(7, sum(day <= cutoff for day in days) - 1)
            actual.setdefault(repeats, []).append(sum(day > cutoff for day in days))
    return actual


def complain_and_look_at_the_panel() -> None:
    """One purchase only: the probability is not known; the risk is that of the silence, and of the complaint."""
    somebody = CustomerValue.objects.filter(repeat_days=0, r__isnull=False, churn_risk__isnull=False).first()
    assert somebody is not None
    assert somebody.p_alive is None
    Conversation.objects.create(
        customer_id=somebody.pk, key="00000000-0000-4000-8000-000000000001", subject="Broken", kind="complaint",
        origin="api", state="waiting", opened_at=NOW, last_message_at=NOW,
    )  # fmt: skip
    value.compute(NOW)
    after = CustomerValue.objects.get(pk=somebody.pk)
    assert after.churn_risk == min(100, (somebody.churn_risk or 0) + 20)
    text = logged_in().get(reverse("users:customer", args=[somebody.pk]), {"panel": "value"}).content.decode()
    assert f"R{somebody.r} F{somebody.f} M{somebody.m}" in text
    assert "an open complaint +20" in text
    assert "not known yet" in text


def test_leaders_with_their_evidence(people: list[Somebody]) -> None:
    expected = oracle.figures(people, AS_OF)
    rows = sections("leaders")[2].table.rows
    scores = {pk: one["leader_score"] for pk, one in expected.items() if one["leader_score"]}
    assert [row[1].value for row in rows] == sorted(scores.values(), reverse=True)[:50]
    first = rows[0]
    parts = expected[first[0].pk]["leader_parts"]
    assert [parts.get(name) for name in ("invites", "shares", "reviews")] == list(first[2:5])
