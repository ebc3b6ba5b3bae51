"""The list of customers: columns that are remembered, customers picked, all that match as a group."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from segments.models import Segment
from segments.rules.as_of import AsOf
from segments.rules.parse import parse
from tests.clock import move_to
from tests.operators import logged_in
from tests.users.door import customer, identify, send, track, visit
from users.admin.customer_columns import KNOWN
from users.groups import read_group
from users.groups.listed import spec_of, spec_of_picked
from users.models import AuditEntry, Customer, CustomerTag, Export, ListColumns, Role, TagRun
from users.reports.listing import Listing
from users.services import long_jobs
from users.services.stages import move_stages

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
LIST = "/admin/customers/"


@pytest.fixture(autouse=True)
def shop() -> None:
    """Alice bought yesterday; Bob and Ben of Shanghai were last here 40 days ago; Carol never."""
    move_to(NOON)
    send(
        identify(at=NOON - 60 * DAY, user="alice", name="Alice"),
        track("Order Completed", at=NOON - DAY, user="alice", order_id="A-1", total=50, currency="USD"),
        identify(at=NOON - 60 * DAY, user="bob", name="Bob", address={"region": "Shanghai"}),
        identify(
            at=NOON - 60 * DAY, user="ben", name="Ben", address={"region": "Shanghai", "city": "Pudong"}
        ),
        *(visit(at=NOON - 40 * DAY, user=user) for user in ("bob", "ben")),
        identify(at=NOON - 60 * DAY, user="carol", name="Carol"),
        visit(at=NOON - DAY, anonymous="somebody"),
    )
    move_stages(NOON)


def heads(role: str = Role.OPERATOR) -> list[str]:
    return [str(column.title) for column in logged_in(role).get(LIST).context["table"].heads]


def people(spec: str) -> set[str]:
    found = read_group(spec, NOON).customers
    return {name for name in ("alice", "bob", "ben", "carol") if customer(name).pk in {*ids_of(found)}}


def ids_of(found: Any) -> list[int]:
    return list(Customer.objects.filter(pk__in=found).values_list("pk", flat=True))


def work() -> None:
    while long_jobs.run_due(seconds=5):
        pass


def test_columns_are_remembered_for_the_operator_who_chose_them() -> None:
    usual = ["Pick", "Customer", "Stage", "Since", "Last seen", "Orders", "Revenue", "Channel", "Region"]
    assert heads() == usual
    client = logged_in(Role.OPERATOR)
    wanted = {"column": ["tags", "orders", "no such", "city"], "here": "stage=dormant&x=%0d%0a"}
    response = client.post(reverse("users:customer_columns"), wanted)
    assert response["Location"] == f"{LIST}?stage=dormant&x=%0D%0A"
    assert heads() == ["Pick", "Customer", "Orders", "City", "Tags"]
    assert heads(Role.ANALYST) == usual
    assert ListColumns.objects.get().columns == ["orders", "city", "tags"]
    client.post(reverse("users:customer_columns"), {"usual": "1", "column": ["orders"]})
    assert (heads(), ListColumns.objects.count()) == (usual, 0)


@pytest.mark.parametrize("name", ["value", "tags", "everything"])
def test_every_column_shows_and_costs_no_query_per_row(name: str, django_assert_max_num_queries: Any) -> None:
    chosen = {"value": ["rfm", "predicted", "risk"], "tags": ["tags"], "everything": list(KNOWN[:20])}[name]
    logged_in(Role.OPERATOR).post(reverse("users:customer_columns"), {"column": chosen})
    logged_in(Role.OPERATOR).post(reverse("users:customer", args=[customer("alice").pk]), {"tag": "jazz"})
    client = logged_in(Role.OPERATOR)
    client.get(LIST)
    send(*(identify(at=NOON, user=f"u{n}", name=f"U {n}") for n in range(60)))
    send(*(visit(at=NOON, user=f"u{n}") for n in range(60)))
    with django_assert_max_num_queries(9):
        response = client.get(LIST)
    assert len(response.context["table"].rows) == 50
    if "tags" in chosen:
        page = client.get(f"{LIST}?sort=revenue").content.decode()
        assert "jazz" in page


def test_too_many_columns_are_refused() -> None:
    client = logged_in()
    response = client.post(reverse("users:customer_columns"), {"column": list(KNOWN)}, follow=True)
    assert "Choose at most 20 columns." in response.content.decode()
    assert not ListColumns.objects.exists()


def test_the_list_says_how_many_match_and_names_them_as_a_group() -> None:
    match = logged_in(Role.OPERATOR).get(LIST, {"region": "Shanghai"}).context["match"]
    assert match["sentence"] == "All 2 that match"
    assert people(match["spec"]) == {"bob", "ben"}
    match = logged_in(Role.OPERATOR).get(LIST).context["match"]
    assert (match["sentence"], people(match["spec"])) == ("All 3 that match", {"alice", "bob", "ben"})
    inner = (
        logged_in(Role.OPERATOR)
        .get(LIST, {"group": "stage?stage=dormant", "city": "Pudong"})
        .context["match"]
    )
    assert (inner["sentence"], people(inner["spec"])) == ("All 1 that match", {"ben"})


def test_what_was_searched_for_by_text_makes_no_group() -> None:
    response = logged_in(Role.OPERATOR).get(LIST, {"q": "Bob"})
    assert (response.context["match"], len(response.context["table"].rows)) == (None, 1)


def test_a_crowd_is_not_counted_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("users.admin.customers.MOST_COUNTED", 2)
    match = logged_in(Role.OPERATOR).get(LIST).context["match"]
    assert match["sentence"] == "All that match, more than 2"


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"stage": "dormant"},
        {"region": "Shanghai"},
        {"sort": "revenue"},
        {"sort": "newest"},
        {"sort": "stage_at"},
    ],
)
def test_a_listing_as_a_rule_means_the_same_people(asked: dict[str, str]) -> None:
    group = read_group(spec_of(Listing.read(asked, sort="seen")), NOON)
    if group.rule is None:
        assert asked == {"sort": "newest"}
        return
    rule = parse({"version": 1, "root": group.rule})
    meant = rule.customers(AsOf(NOON)).filter(identified=True).values_list("pk", flat=True)
    assert set(meant) == set(ids_of(group.customers))


def lead(**asked: Any) -> Any:
    return logged_in(Role.OPERATOR).get(reverse("users:customers_picked"), asked)


def test_picked_customers_are_tagged_in_the_background_and_untagged_again() -> None:
    ids = [customer("bob").pk, customer("carol").pk]
    target = lead(act="tag", ids=ids)["Location"]
    assert target.startswith(reverse("users:tag_group"))
    page = logged_in(Role.OPERATOR).get(target)
    assert page.context["consequence"] == "2 customers picked from the list: 2 customers now."
    logged_in(Role.OPERATOR).post(target, {"name": "jazz", "way": "on"})
    work()
    assert set(CustomerTag.objects.values_list("customer_id", flat=True)) == set(ids)
    assert AuditEntry.objects.filter(act="tag.group").count() == 1
    off = lead(act="untag", ids=ids[:1])["Location"]
    assert logged_in(Role.OPERATOR).get(off).context["form"].initial == {"way": "off"}
    logged_in(Role.OPERATOR).post(off, {"name": "jazz", "way": "off"})
    work()
    assert list(CustomerTag.objects.values_list("customer_id", flat=True)) == [ids[1]]
    assert TagRun.objects.filter(finished_at__isnull=False).count() == 2


def test_all_that_match_are_exported_and_kept() -> None:
    spec = spec_of(Listing(stage="dormant", sort="stage_at"))
    target = lead(act="export", all="1", listed=spec)["Location"]
    logged_in(Role.OPERATOR).post(target, {"columns": ["user_id"], "form": "csv"})
    work()
    assert Export.objects.get().rows == 2
    kept = lead(act="keep", all="1", listed=spec)["Location"]
    logged_in(Role.OPERATOR).post(kept, {"name": "Slept in"})
    rule = Segment.objects.get(name="Slept in").rule
    assert rule is not None
    assert rule["root"]["all"][0] == {"field": "stage", "op": "is_any_of", "value": ["dormant"]}


def test_who_was_joined_away_is_found_as_the_other() -> None:
    send(identify(at=NOON - DAY, anonymous="phone-1", name="Carola"))
    visitor = Customer.objects.get(name="Carola")
    spec = spec_of_picked([visitor.pk])
    assert ids_of(read_group(spec, NOON).customers) == [visitor.pk]
    send(identify(at=NOON, user="carol", anonymous="phone-1"))
    assert ids_of(read_group(spec, NOON).customers) == [customer("carol").pk]


@pytest.mark.parametrize(
    "asked",
    [
        {"act": "tag"},
        {"act": "no such", "ids": ["1"]},
        {"act": "tag", "ids": ["1' OR 1=1"]},
        {"act": "tag", "ids": ["9" * 30]},
        {"act": "tag", "ids": [str(n) for n in range(101)]},
        {"act": "tag", "all": "1", "listed": "picked?ids=x"},
        {"act": "tag", "all": "1", "listed": ""},
        {"act": "tag", "all": "1", "listed": "listed?group=listed%3Fsort%3Dseen"},
        {"act": "tag", "all": "1", "listed": "picked?ids=99999999999999999999"},
    ],
)
def test_nonsense_is_refused_with_a_sentence(asked: dict[str, Any]) -> None:
    assert lead(**asked).status_code == 400


def test_who_may_do_nothing_with_them_has_nothing_to_tick() -> None:
    response = logged_in(Role.READ_ONLY).get(LIST)
    assert response.context["picks"] == []
    assert 'name="ids"' not in response.content.decode()
    target = logged_in(Role.READ_ONLY).get(
        reverse("users:customers_picked"), {"act": "tag", "ids": str(customer("bob").pk)}
    )["Location"]
    assert logged_in(Role.READ_ONLY).get(target).status_code == 403
    analyst = {str(action.title) for action in logged_in(Role.ANALYST).get(LIST).context["picks"]}
    assert analyst == {"Export"}
