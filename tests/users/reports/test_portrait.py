"""The portrait against pandas: counts, shares, distance, figures; who refuses profiling; who is behind a value."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from config.kit.batches import execute, fetch
from tests.clock import move_to
from tests.operators import logged_in
from tests.users.reports.shop import Shop, behind, invent
from users.dimensions import all_dimensions, dimension, discovered, scale
from users.groups import group_spec, read_group
from users.groups.plain import everyone
from users.models import Customer, CustomerTag, CustomerValue, Standing, Tag
from users.reports import portrait
from users.reports.portrait import Portrait, Side, ValueShare, distance

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
URL = "/admin/reports/portrait/"
HOSTILE = 'it\'s 100%__"x"'


@pytest.fixture
def shop() -> Shop:
    """Enough people for both sides; one in ten refuses profiling; an attribute has a hostile name and values."""
    move_to(NOW)
    shop = invent(13, NOW, people=160, days=60)
    for person in Customer.objects.filter(identified=True):
        person.no_profiling = person.pk % 10 == 0
        person.gender = ("female", "male", "")[person.pk % 3]
        person.birthday = (
            None if person.pk % 4 == 0 else (NOW - timedelta(days=365.25 * (15 + person.pk % 50))).date()
        )
        person.attributes = {HOSTILE: person.attributes.get("plan", " "), "deep": {"a": 1}}
        person.save()
    return shop


def frame() -> pd.DataFrame:
    """Customers as pandas sees them, without what the report computes."""
    names = ("pk", "gender", "birthday", "no_profiling", "attributes", "identified", "channel__slug")
    people = pd.DataFrame(Customer.objects.values(*names)).set_index("pk")
    standings = pd.DataFrame(
        Standing.objects.values("customer_id", "stage", "orders", "revenue", "active_days")
    )
    return people.join(standings.set_index("customer_id"))


def compared(found: Portrait, name: str) -> dict[str | None, tuple[int, int]]:
    one = next(one for one in found.comparisons if one.dimension.name == name)
    told: dict[str | None, tuple[int, int]] = {
        value.value: (value.ours, value.theirs) for value in one.values
    }
    return told | ({None: one.unknown} if any(one.unknown) else {})


def counts(
    people: pd.DataFrame, ours: "pd.Series[Any]", values: "pd.Series[Any]"
) -> dict[str | None, tuple[int, int]]:
    told: dict[str | None, tuple[int, int]] = {}
    filled = values.reindex(people.index).fillna("?").replace("", "?")
    for value in sorted(filled.unique()):
        is_it = filled == value
        told[None if value == "?" else value] = (int((is_it & ours).sum()), int((is_it & ~ours).sum()))
    return told


def test_every_dimension_is_counted_on_both_sides(shop: Shop) -> None:
    found = portrait.compute(read_group("stage?stage=active", NOW), None)
    everybody = frame()
    everybody = everybody[everybody["identified"]]
    people = everybody[~everybody["no_profiling"]]
    ours = people["stage"] == "active"
    active = everybody["stage"] == "active"
    assert (found.ours.customers, found.ours.refused) == (
        active.sum(),
        (active & everybody["no_profiling"]).sum(),
    )
    assert (found.ours.read, found.theirs.read) == (ours.sum(), (~ours).sum())
    assert found.theirs.customers == (~active).sum()
    assert compared(found, "stage") == counts(people, ours, people["stage"])
    assert compared(found, "gender") == counts(people, ours, people["gender"])
    assert compared(found, "channel") == counts(people, ours, people["channel__slug"])
    plan = people["attributes"].map(lambda told: told[HOSTILE].strip())
    assert compared(found, f"attribute:{HOSTILE}") == counts(people, ours, plan)
    bands = pd.cut(people["orders"], [-1, 0, 1, 5, 999], labels=["0", "1", "2-5", "6+"]).astype(str)
    assert compared(found, "orders") == counts(people, ours, bands)
    days = pd.cut(
        people["active_days"], [-1, 0, 1, 4, 9, 19, 999], labels=["0", "1", "2-4", "5-9", "10-19", "20+"]
    ).astype(str)
    assert compared(found, "active_days") == counts(people, ours, days)
    ages = people["birthday"].map(lambda day: (NOW.date() - day).days // 365.2425 if day else None)
    bands = pd.cut(
        ages, [-1, 17, 24, 34, 44, 54, 199], labels=["0-17", "18-24", "25-34", "35-44", "45-54", "55+"]
    )
    assert compared(found, "age") == counts(people, ours, bands.astype(object))


def test_figures_are_means_and_medians(shop: Shop) -> None:
    found = portrait.compute(read_group("stage?stage=active", NOW), None)
    people = frame()
    people = people[people["identified"] & ~people["no_profiling"]]
    buyers = people[people["orders"] > 0]
    by_title = {str(one.number.title): one for one in found.figures}
    for title, values in (
        ("Orders in life", people["orders"]),
        ("Active days in life", people["active_days"]),
        ("Net revenue in life, of buyers", buyers["revenue"]),
        ("Average order", buyers["revenue"] / buyers["orders"]),
    ):
        is_ours = people["stage"].reindex(values.index) == "active"
        for told, chosen in (
            (by_title[title].ours, values[is_ours]),
            (by_title[title].theirs, values[~is_ours]),
        ):
            assert told[0] == len(chosen)
            assert told[1] == pytest.approx(chosen.mean())
            assert told[2] == pytest.approx(chosen.median())


def test_the_most_different_come_first_and_chance_is_taken_off(shop: Shop) -> None:
    found = portrait.compute(read_group("stage?stage=active", NOW), None)
    known = [one.distance for one in found.comparisons if one.distance is not None]
    assert known == sorted(known, reverse=True)
    assert found.comparisons[0].dimension.name in ("stage", "silence")
    assert [one.distance for one in found.comparisons if min(one.known) < 30] == [
        None for one in found.comparisons if min(one.known) < 30
    ]


def test_distance_is_cramers_v_of_sides_weighted_alike() -> None:
    def table(*pairs: tuple[int, int]) -> float | None:
        values = [ValueShare(str(n), *pair) for n, pair in enumerate(pairs)]
        return distance(values, (sum(a for a, _b in pairs), sum(b for _a, b in pairs)))

    assert table((100, 0), (0, 500)) == pytest.approx(np.sqrt(1 - (1 / 100 + 1 / 500) / 4))
    assert table((50, 500), (50, 500)) == 0
    assert (
        table(
            (29, 40),
        )
        is None
    )
    sides = np.array([[60, 40], [30, 70]]) / 100  # alike in weight: V is phi of the fourfold table
    phi = abs(sides[0, 0] * sides[1, 1] - sides[0, 1] * sides[1, 0]) / np.sqrt(np.prod(sides.sum(axis=0)))
    assert table((60, 30), (40, 70)) == pytest.approx(np.sqrt(phi**2 - 1 / 4 * (2 / 100)))


def test_two_groups_may_overlap_and_values_open_their_customers(shop: Shop) -> None:
    tagged = Customer.objects.filter(identified=True, no_profiling=False)[:40]
    tag = Tag.objects.create(name="fan")
    CustomerTag.objects.bulk_create(CustomerTag(customer=one, tag=tag, tagged_at=NOW) for one in tagged)
    spec = group_spec("tag", tag=tag.pk)
    response = logged_in().get(URL, {"group": spec, "other": group_spec("everyone")})
    found = response.context["view"].portrait
    assert (found.ours.read, found.theirs.read) == (
        40,
        Customer.objects.filter(identified=True, no_profiling=False).count(),
    )
    opened = 0
    for card in response.context["comparisons"][:6]:
        for _title, ours, theirs, _points in card["table"].rows:
            for cell in (ours, theirs):
                if cell.url:
                    assert len(behind(cell.url, NOW)) == int(cell.hint.split(" of ")[0])
                    opened += 1
    assert opened > 10


def test_everyone_else_opens_those_outside(shop: Shop) -> None:
    response = logged_in().get(URL, {"group": "stage?stage=active"})
    ours, theirs = response.context["stats"]
    assert len(behind(ours.url, NOW)) == ours.value
    assert len(behind(theirs.url, NOW)) == theirs.value
    assert "refuse profiling and are left out" in response.content.decode()


def test_an_empty_side_is_said(shop: Shop) -> None:
    response = logged_in().get(URL, {"group": "everyone?"})
    assert response.status_code == 200
    assert "One side is empty" in response.content.decode()
    assert logged_in().get(URL, {"group": "nonsense"}).status_code == 400
    assert logged_in().get(URL, {"group": "everyone?", "other": "tag?tag=x"}).status_code == 400


def test_a_large_side_is_read_in_part(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portrait, "MOST_READ", 40)
    found = portrait.compute(everyone({}, NOW), read_group("stage?stage=active", NOW))
    assert found.ours.is_sample
    assert 20 <= found.ours.read <= 70


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight hundred customers, of whom the sample holds one in four; groups over two hundred are large."""
    move_to(NOW)
    made = Customer.objects.bulk_create(
        Customer(
            pk=3_600_000 + n, user_id=f"large{n}", identified=True, first_seen_at=NOW, city=f"city {n % 3}"
        )
        for n in range(800)
    )
    Standing.objects.bulk_create(
        Standing(customer=one, stage="active" if one.pk % 5 else "new", orders=one.pk % 7) for one in made
    )
    execute("ANALYZE users_customer, users_standing")
    monkeypatch.setattr(portrait, "_one_in", lambda: 4)
    monkeypatch.setattr(portrait, "WHOLE", 200)


@pytest.mark.parametrize("spec", ["stage?stage=active", "stage?stage=new"])
def test_the_sample_ties_with_the_exact_figures(
    large: None, spec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sizes and shares lie within what the page says: the larger group sampled, the smaller one found whole."""
    group = read_group(spec, NOW)
    found = portrait.compute(group, None)
    assert (found.ours.one_in, found.theirs.one_in) == ((4, 4) if "active" in spec else (1, 4))
    monkeypatch.setattr(portrait, "_one_in", lambda: 1)
    exact = portrait.compute(group, None)
    assert portrait.sizes(group, None) == tuple(
        Side(side.customers, side.refused, 0) for side in (exact.ours, exact.theirs)
    )
    for sampled, whole in ((found.ours, exact.ours), (found.theirs, exact.theirs)):
        assert abs(sampled.customers - whole.customers) <= sampled.margin
    for name in ("city", "orders"):
        here, there = compared(found, name), compared(exact, name)
        for side, told in ((0, found.ours), (1, found.theirs)):
            for value, counted in there.items():
                known = [sum(one[side] for one in values.values()) for values in (here, there)]
                share = here.get(value, (0, 0))[side] / known[0] - counted[side] / known[1]
                assert abs(share) * 100 <= told.points + 1e-9, (name, value, side)


def test_the_page_says_what_is_estimated_and_counts_when_asked(large: None) -> None:
    client, told = logged_in(), {"group": "stage?stage=active"}
    page = client.get(URL, told)
    ours, _theirs = page.context["stats"]
    assert "±" in ours.unit
    assert "to ± " in ours.note
    assert "95 of 100" in page.content.decode()
    part = {"HX-Request": "true", "HX-Target": "sizes"}
    counted = client.get(page.context["count_url"].replace("?", f"{URL}?"), headers=part)
    assert [stat.value for stat in counted.context["stats"]] == [640, 160]
    assert [str(stat.unit) for stat in counted.context["stats"]] == ["customers", "customers"]
    assert len(behind(ours.url, NOW)) == 640
    assert "is_empty" not in counted.context


def test_the_customers_behind_a_number_can_be_compared(shop: Shop) -> None:
    response = logged_in().get("/admin/customers/", {"group": "stage?stage=active"})
    assert "Portrait beside everyone else" in response.content.decode()


def test_attributes_are_discovered_where_they_hold_plain_values(shop: Shop) -> None:
    assert discovered() == [HOSTILE]
    assert f"attribute:{HOSTILE}" in {one.name for one in all_dimensions()}
    found = dimension(f"attribute:{HOSTILE}")
    assert found is not None
    assert found.label(None) == "not known"
    assert dimension("attribute:") is None
    assert dimension("attribute:a\x00") is None


def test_bands_have_names_without_gaps() -> None:
    expression, names = scale("x", 0, 1, 2, 6)
    assert names == ("0", "1", "2-5", "6+")
    told = fetch(f"SELECT {expression} FROM (VALUES (-1), (0), (1), (2), (5), (6), (99), (NULL)) AS v (x)")
    assert [name for (name,) in told] == ["0", "0", "1", "2-5", "2-5", "6+", "6+", None]
    money = dimension("revenue")
    assert money is not None
    assert money.label("1000-1999") == "$10 – $20"


def test_few_queries(shop: Shop, django_assert_max_num_queries: Any) -> None:
    client = logged_in()
    client.get(URL)
    with django_assert_max_num_queries(10):
        client.get(URL, {"group": "stage?stage=active"})


def test_what_customers_are_worth_is_compared_too(shop: Shop) -> None:
    """The figures of the day; whoever has no row yet is not known."""
    for person in Customer.objects.filter(identified=True, pk__gt=Customer.objects.earliest("pk").pk + 5):
        CustomerValue.objects.create(
            customer=person,
            rfm_group=("loyal", "lost", "")[person.pk % 3],
            is_core=person.pk % 2 == 0,
            churn_risk=None if person.pk % 5 == 0 else person.pk * 7 % 101,
            favourite_category=("Jazz", "")[person.pk % 2],
        )
    found = portrait.compute(read_group("stage?stage=active", NOW), None)
    people = frame()
    people = people[people["identified"] & ~people["no_profiling"]]
    names = ("customer_id", "rfm_group", "is_core", "churn_risk", "favourite_category")
    worth = pd.DataFrame(CustomerValue.objects.values(*names)).set_index("customer_id")
    ours = people["stage"] == "active"
    assert compared(found, "rfm_group") == counts(people, ours, worth["rfm_group"])
    assert compared(found, "core") == counts(people, ours, worth["is_core"].map(str).str.lower())
    assert compared(found, "favourite_category") == counts(people, ours, worth["favourite_category"])
    risk = pd.cut(
        worth["churn_risk"].astype(float),
        [-1, 19, 39, 59, 79, 100],
        labels=["0-19", "20-39", "40-59", "60-79", "80+"],
    )
    assert compared(found, "churn_risk") == counts(people, ours, risk.astype(object))
    loyal = read_group(group_spec("dimension", by="rfm_group", value="loyal"), NOW)
    behind_it = set(Customer.objects.filter(pk__in=loyal.customers).values_list("pk", flat=True))
    assert behind_it == set(worth.index[worth["rfm_group"] == "loyal"])


def test_a_customer_counts_at_each_interest(shop: Shop) -> None:
    """Shares are of the customers of whom an interest is known; each interest opens those who have it."""
    told: tuple[list[str], ...] = (["Jazz", "Blues", "Jazz"], ["Jazz"], [], ['100% "x"', "Blues"])
    for person in Customer.objects.filter(identified=True):
        person.interests = told[person.pk % 4]
        person.save()
    found = portrait.compute(read_group("stage?stage=active", NOW), None)
    one = next(one for one in found.comparisons if one.dimension.name == "interests")
    people = [
        (set(person.interests), person.standing.stage == "active")
        for person in Customer.objects.filter(identified=True, no_profiling=False).select_related("standing")
    ]
    assert compared(found, "interests") == {
        value: tuple(
            sum(value in liked if value else not liked for liked, ours in people if ours is side)
            for side in (True, False)
        )
        for value in ("Jazz", "Blues", '100% "x"', None)
    }
    assert one.known == tuple(
        sum(bool(liked) for liked, ours in people if ours is side) for side in (True, False)
    )
    page = logged_in().get(URL, {"group": "stage?stage=active"})
    links = {
        str(row[0]): row[1].url
        for card in page.context["comparisons"]
        for row in card["table"].rows
        if card["title"] == "Interests" and hasattr(row[1], "url")
    }
    assert len(behind(links["Blues"], NOW)) == next(
        value.ours for value in one.values if value.value == "Blues"
    )
    assert len(behind(links['100% "x"'], NOW)) == next(
        value.ours for value in one.values if value.value == '100% "x"'
    )
