"""The list of customers and the rows behind figures."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from tests.clock import move_to
from tests.operators import logged_in, operator
from tests.users.door import customer, identify, send, track, visit
from users.models import AuditEntry, Role, Stage, Standing
from users.services.stages import move_stages

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def shop() -> None:
    """Alice bought yesterday, Bob was last here 40 days ago, Carol never; a visitor has no name."""
    move_to(NOON)
    send(
        identify(
            at=NOON - 60 * DAY,
            user="alice",
            name="Alice Adams",
            email="alice@example.org",
            phone="+8613800138000",
        ),
        visit(at=NOON - 2 * DAY, user="alice"),
        track("Order Completed", at=NOON - DAY, user="alice", order_id="A-1", total=50, currency="USD"),
        identify(at=NOON - 60 * DAY, user="bob", name="Bob Brown", address={"region": "Shanghai"}),
        visit(at=NOON - 40 * DAY, user="bob"),
        identify(at=NOON - 60 * DAY, user="carol", name="Carol Chen"),
        visit(at=NOON - DAY, anonymous="somebody"),
    )
    move_stages(NOON)


def names(**parameters: Any) -> list[str]:
    response = logged_in().get(reverse("users:customers"), parameters)
    return [str(row[0]) for row in response.context["table"].rows]


def test_known_customers_by_last_seen_without_visitors() -> None:
    assert names() == ["Alice Adams", "Bob Brown"]
    assert names(sort="newest") == ["Carol Chen", "Bob Brown", "Alice Adams"]
    assert names(sort="revenue") == ["Alice Adams"]


def test_an_order_says_whom_it_leaves_out_and_an_empty_shop_what_to_do() -> None:
    page = logged_in().get(reverse("users:customers"))
    assert page.context["left_out"] == "Customers who were never active are not in this order."
    assert 'href="?sort=newest"' in page.content.decode()
    assert logged_in().get(reverse("users:customers"), {"sort": "newest"}).context["left_out"] == ""
    Standing.objects.all().delete()
    empty = logged_in(Role.OPERATOR).get(reverse("users:customers")).context["table"].empty
    assert (empty.title, empty.action.url) == ("No customer yet", reverse("users:import_create"))
    assert logged_in(Role.SUPPORT).get(reverse("users:customers")).context["table"].empty.action is None


def test_filters() -> None:
    assert names(stage="dormant") == ["Bob Brown"]
    assert names(stage="prospect") == ["Carol Chen"]
    assert names(region="Shanghai") == ["Bob Brown"]
    assert names(region="Shanghai", stage="new") == []
    assert names(stage="no such stage") == ["Alice Adams", "Bob Brown"]
    assert names(channel="no-such-channel") == []


@pytest.mark.parametrize(
    "text",
    ["Alice", "alice", "ALICE@example.org", "A-1", "alice adams", "138 0013-8000", "+86 138 0013 8000"],
)
def test_search_finds_by_name_contact_id_and_order(text: str) -> None:
    assert names(q=text) == ["Alice Adams"]


@pytest.mark.parametrize("text", ["%", "_", "lice", "' OR 1=1 --", "a" * 5000])
def test_search_takes_text_literally(text: str) -> None:
    assert names(q=text) == []


def test_a_search_for_nothing_is_the_whole_list() -> None:
    assert names(q="\x00 ") == ["Alice Adams", "Bob Brown"]


def test_the_same_number_of_queries_for_few_and_many(django_assert_num_queries: Any) -> None:
    client = logged_in()
    client.get(reverse("users:customers"))
    with django_assert_num_queries(8):
        client.get(reverse("users:customers"))
    send(*(identify(at=NOON, user=f"u{n}", name=f"U {n}") for n in range(60)))
    send(*(visit(at=NOON, user=f"u{n}") for n in range(60)))
    with django_assert_num_queries(8):
        response = client.get(reverse("users:customers"))
    assert len(response.context["table"].rows) == 50
    assert response.context["table"].next


def test_export_is_for_roles_that_may() -> None:
    url = reverse("users:customers")
    response = logged_in(Role.ANALYST).get(url, {"csv": "1"})
    lines = b"".join(response.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert lines[1].startswith("alice,Alice Adams,new,")
    assert len(lines) == 3
    entry = AuditEntry.objects.get(act="export.list")
    assert (entry.operator, entry.after) == (operator(Role.ANALYST), {"customers": 2, "filters": {}})
    assert "text/html" in logged_in(Role.SUPPORT).get(url, {"csv": "1"})["Content-Type"]


def test_a_list_that_goes_out_is_on_record_without_what_was_searched_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client, url = logged_in(Role.OPERATOR), reverse("users:customers")
    asked = {"csv": "1", "stage": "new", "group": "everyone", "q": "alice"}
    assert client.get(url, asked).status_code == 200
    told = AuditEntry.objects.get(act="export.list").after
    assert told == {"customers": 1, "filters": {"stage": "new", "group": "everyone", "q": "*"}}
    monkeypatch.setattr("users.services.exports.acts.MOST_LISTED", 1)
    refused = client.get(url, {"csv": "1"})
    assert (refused.status_code, "Choose Export" in refused.content.decode()) == (400, True)
    assert AuditEntry.objects.filter(act="export.list").count() == 1


def test_moves_behind_the_home_page() -> None:
    def moved(**parameters: Any) -> list[tuple[str, str, str]]:
        rows = logged_in().get(reverse("users:moves"), parameters).context["table"].rows
        return [(str(row[0]), row[1], row[2]) for row in rows]

    assert moved(days=7) == [("Alice Adams", Stage.PROSPECT, Stage.NEW)]
    assert moved(days=30, to="dormant") == [("Bob Brown", Stage.ACTIVE, Stage.DORMANT)]
    assert moved(days=7, to="churned") == []
    page = logged_in().get(reverse("users:moves"), {"days": 7})
    assert page.context["table"].rows[0][-1] == "version 1"


def test_a_move_that_never_was_stays_readable_and_says_so() -> None:
    send(visit(at=NOON - 20 * DAY, user="bob"))  # so Bob had not been dormant since ten days ago
    table = logged_in().get(reverse("users:customer", args=[customer("bob").pk])).context["stage_table"]
    told = [(row[0], row[2].value, row[4]) for row in table.rows]
    assert told[0] == (Stage.ACTIVE, "until now", "version 1")
    assert told[-1] == (Stage.DORMANT, "superseded", "version 1")


def test_orders_and_active_of_a_day() -> None:
    client = logged_in()
    yesterday = (NOON - DAY).date().isoformat()
    rows = client.get(reverse("users:orders"), {"day": yesterday}).context["table"].rows
    assert [(row[0].value, str(row[1])) for row in rows] == [("A-1", "Alice Adams")]
    assert client.get(reverse("users:orders"), {"day": "2026-02-31"}).status_code == 200
    active = client.get(reverse("users:active"), {"day": yesterday}).context["table"].rows
    assert [str(row[0]) for row in active] == ["Alice Adams"]


def test_customer_page_tells_the_story() -> None:
    response = logged_in().get(reverse("users:customer", args=[customer("alice").pk]), {"panel": "all"})
    page = response.content.decode()
    assert response.status_code == 200
    for words in ("Alice Adams", "alice@example.org", "Ordered (order A-1)", "$50.00", "Profile"):
        assert words in page
    assert "{&quot;" not in page


def test_unknown_and_erased_customers_get_a_page_with_a_way_on() -> None:
    client = logged_in()
    person = customer("bob")
    person.erased_at = NOON
    person.save()
    for number in (person.pk, 999_999_999):
        response = client.get(reverse("users:customer", args=[number]))
        assert response.status_code == 404
        assert reverse("users:home") in response.content.decode()
        assert "Bob" not in response.content.decode()


def test_tags_on_and_off() -> None:
    client = logged_in(Role.SUPPORT)
    url = reverse("users:customer", args=[customer("bob").pk])
    client.post(url, {"tag": "  fan   of jazz "})
    (row,) = client.get(url).context["tags"]
    assert row.tag.name == "fan of jazz"
    client.post(url, {"untag": str(row.tag_id)})
    assert client.get(url).context["tags"] == []
    response = client.post(url, {"tag": "x" * 61}, follow=True)
    assert "A tag needs a name of 1 to 60 characters." in response.content.decode()


def test_the_customer_page_asks_so_often_and_no_more(django_assert_max_num_queries: Any) -> None:
    send(identify(at=NOON, user="alice", name="Alice"), visit(at=NOON, user="alice"))
    client, address = logged_in(), reverse("users:customer", args=[customer("alice").pk])
    client.get(address)
    with django_assert_max_num_queries(9):
        client.get(address)
