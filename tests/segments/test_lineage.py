"""What rests on what: drawn in layers, told as a table, with what would break."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.kit import clock
from segments.reports.lineage import lineage
from segments.services import lists, tag_keeping
from segments.services.webhooks import endpoints
from tests.operators import logged_in, operator
from tests.segments.shop import customer, segment
from users.models import Role

pytestmark = pytest.mark.django_db(transaction=True)

BOUGHT = {"field": "orders", "op": "at_least", "value": 1}


def inside(pk: int) -> dict[str, object]:
    return {"segment": pk, "op": "in"}


def test_layers_follow_the_references() -> None:
    customer()
    base, guests = segment(BOUGHT, name="Base"), lists.create_list(name="Guests", by=None)
    middle = segment(inside(base.pk), inside(guests.pk), name="Middle")
    top = segment(inside(middle.pk), inside(base.pk), name="Top")
    lonely = segment({**BOUGHT, "value": 2}, name="Lonely")
    endpoints.create(name="CRM", url="https://example.com/h", segments=[top.pk], by=operator())
    tag_keeping.keep(middle, "VIP", by=operator(), now=clock.now())

    found = lineage(clock.now())
    layers = {node.title: node.layer for node in found.nodes}
    assert layers == {"Base": 0, "Guests": 0, "Middle": 1, "Top": 2, "webhook “CRM”": 3, "tag “VIP”": 3}
    assert len(found.lines) == 6
    assert len({(node.x, node.y) for node in found.nodes}) == 6
    assert [use.sentence for use in found.used[base.pk]] == ["Middle", "Top"]
    assert "Lonely" in [one.name for one in found.segments]
    assert {one.name for one in lineage(clock.now(), middle.pk).segments} == {
        "Base",
        "Guests",
        "Middle",
        "Top",
    }
    assert {one.name for one in lineage(clock.now(), lonely.pk).segments} == {"Lonely"}


def test_the_page_draws_it_and_says_what_would_break() -> None:
    base = segment(BOUGHT, name="<Base>")
    top = segment(inside(base.pk), name="Top")
    client = logged_in(Role.READ_ONLY)
    page = reverse("segments:lineage")
    shown = client.get(page).content.decode()
    assert "<svg" in shown and "&lt;Base&gt;" in shown and "<Base>" not in shown
    assert (
        "these would break, so it cannot be deleted: Top."
        in client.get(page, {"segment": base.pk}).content.decode()
    )
    assert "Nothing would break" in client.get(page, {"segment": top.pk}).content.decode()
    for wrong in ("x", "999999", "9" * 30):
        assert client.get(page, {"segment": wrong}).status_code == 404


def test_the_list_of_segments_has_folders_kinds_and_uses_in_few_queries() -> None:
    base = segment(BOUGHT, name="Base")
    segment(inside(base.pk), name="Top")
    guests = lists.create_list(name="Guests", folder="Events", by=None)
    client = logged_in()
    page = reverse("segments:list")

    def names(**asked: str) -> list[str]:
        found = client.get(page, asked)
        assert found.context is not None
        return [row[0].value for row in found.context["table"].rows]

    assert names() == ["Base", "Top", "Guests · list"]
    assert names(folder="Events") == names(kind="list") == ["Guests · list"]
    assert names(q="ba") == ["Base"]
    with CaptureQueriesContext(connection) as few:
        client.get(page)
    for number in range(8):
        segment(inside(guests.pk), name=f"Child {number}")
    with CaptureQueriesContext(connection) as many:
        shown = client.get(page)
    assert len(many) == len(few)
    assert shown.context is not None
    uses = {row[0].value: row[6].value for row in shown.context["table"].rows}
    assert (uses["Base"], uses["Top"], uses["Guests · list"]) == (1, 0, 8)
