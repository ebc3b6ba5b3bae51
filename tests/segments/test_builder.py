"""The form in a real browser: an operator makes a segment without seeing any JSON."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from segments.models import Segment
from tests.segments.shop import customer
from users.models import Operator, Role

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_segment_made_by_hand(page: Any, live_server: Any) -> None:
    customer(name="Lin", stage="dormant", revenue=25_000)
    customer(name="Poor", stage="dormant", revenue=900)
    client = Client()
    client.force_login(Operator.objects.create(username="olga", role=Role.OPERATOR, is_staff=True))
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    page.context.add_cookies([cookie])
    problems: list[str] = []
    page.on("pageerror", lambda problem: problems.append(str(problem)))

    page.goto(live_server.url + reverse("segments:create"))
    page.get_by_label("What it is about").first.select_option("field:revenue")
    page.get_by_label("value").first.fill("100")
    page.get_by_role("button", name="+ Add a condition").click()
    page.get_by_text("must have 1 to 100 entries").first.wait_for()
    page.get_by_label("Dormant").check()
    page.get_by_text("1 of 2 customers").wait_for()
    assert page.get_by_text("money spent in life is at least $100.00, and stage is “Dormant”").is_visible()
    page.get_by_label("Name").first.fill("By hand")
    page.get_by_role("button", name="Make the segment").click()
    page.wait_for_url("**/admin/segments/*/")

    made = Segment.objects.get(name="By hand")
    assert made.rule is not None
    assert made.rule["root"]["all"] == [
        {"field": "revenue", "op": "at_least", "value": 10000},
        {"field": "stage", "op": "is_any_of", "value": ["dormant"]},
    ]
    page.goto(live_server.url + reverse("segments:edit", args=[made.pk]))
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(f"**/admin/segments/{made.pk}/")
    made.refresh_from_db()
    assert made.rule_version == 1
    assert problems == []
