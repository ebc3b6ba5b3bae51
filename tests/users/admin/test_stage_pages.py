"""The pages on stages and activity: what they show, what opens, what is refused, in few queries."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from config.kit.batches import execute
from config.kit.refusal import Refusal
from tests.clock import move_to
from tests.operators import logged_in, operator
from tests.users.door import send, visit
from users.admin import features as features_page
from users.models import ActiveFigures, AuditEntry, LifecycleRule, LongJob, Role, StageFlow
from users.reports import features, patience, rollups
from users.services import long_jobs, stage_study

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
TRIED = {"new_for": 7, "dormant_after": 12, "churned_after": 40, "returning_for": 15}


@pytest.fixture(autouse=True)
def shop() -> None:
    """Thirty customers who come at intervals of 3 to 32 days for two years; the last six have fallen silent."""
    move_to(NOW)
    told = []
    for number in range(30):
        silent_for = 60 if number >= 24 else 0
        for step in range(730 // (3 + number)):
            at = NOW - timedelta(days=1 + silent_for + step * (3 + number), hours=number)
            if at > NOW - 730 * DAY:
                told.append(visit(at=at, user=f"c{number}"))
    send(*told, is_history=True)
    rollups.count_all(NOW)


def part(client: Client, page: str, target: str, **query: str) -> Any:
    return client.get(reverse(page), query, headers={"HX-Request": "true", "HX-Target": target})


def opened(client: Client, url: str) -> int:
    """How many customers a link opens."""
    return len(client.get(url).context["table"].rows)


def test_every_number_of_the_stages_opens_its_customers() -> None:
    client = logged_in()
    page = client.get(reverse("users:flows"))
    stats = page.context["stats"]
    assert sum(stat.value for stat in stats) == 30
    for stat in stats:
        assert opened(client, stat.url) == stat.value
    chart = page.context["chart"]
    assert len(chart.categories) == 90
    assert opened(client, chart.series[1].urls[0]) == chart.series[1].values[0]
    moving = part(client, "users:flows", "moving", period="90")
    sankey = moving.context["sankey"]
    assert sum(flow.value for flow in sankey.flows) == 30
    for flow in sankey.flows:
        assert opened(client, flow.url) == flow.value
    for _stage, found in moving.context["returns"]:
        if found["customers"]:
            assert opened(client, found["url"]) == found["customers"]
            for row in found["table"].rows:
                assert opened(client, row[2].url) == row[2].value


def test_weeks_end_on_sunday_and_a_period_that_runs_is_marked() -> None:
    client = logged_in()
    weekly = client.get(reverse("users:flows"), {"from": "2026-04-01", "to": "2026-05-31"}).context
    assert weekly["chart"].unfinished == 1
    by_week = client.get(
        reverse("users:flows"), {"from": "2026-04-01", "to": "2026-05-31", "every": "week"}
    ).context["chart"]
    assert list(by_week.categories) == [
        "5 Apr", "12 Apr", "19 Apr", "26 Apr", "3 May", "10 May", "17 May", "20 May",
    ]  # fmt: skip


def test_activity_opens_its_customers_and_takes_filters() -> None:
    client = logged_in()
    page = client.get(reverse("users:activity"))
    for stat in page.context["stats"][:3]:
        assert opened(client, stat.url) == stat.value
    spread = page.context["spread"].series[0]
    for value, url in zip(spread.values, spread.urls, strict=True):
        if value:
            assert opened(client, url) == value
    nobody = client.get(reverse("users:activity"), {"channel": "search"}).context["stats"]
    assert [stat.value for stat in nobody] == [0, 0, 0, None, None]
    assert client.get(reverse("users:activity"), {"channel": "x'; --", "period": "9e9"}).status_code == 200


@pytest.mark.parametrize("page", ["users:flows", "users:activity", "users:features"])
def test_few_queries_and_chinese(page: str, django_assert_max_num_queries: Any) -> None:
    client = logged_in(language="zh-hans")
    client.get(reverse(page))
    with django_assert_max_num_queries(14):
        text = client.get(reverse(page)).content.decode()
    assert "店铺时间" in text or "正在统计" in text


def test_before_the_first_count_the_pages_say_so() -> None:
    StageFlow.objects.all().delete()
    ActiveFigures.objects.all().delete()
    client = logged_in()
    for page in ("users:flows", "users:activity"):
        assert "not been counted yet" in client.get(reverse(page)).content.decode()


def test_a_proposal_says_that_it_starts_nothing_until_it_is_accepted() -> None:
    client, url = logged_in(), reverse("users:lifecycle")
    assert "nobody has accepted them yet" in client.get(url).content.decode()
    rule = LifecycleRule.objects.get()
    days = {name: getattr(rule, name) for name in TRIED}
    assert client.post(url, days).status_code == 302
    assert "nobody has accepted them yet" not in client.get(url).content.decode()
    assert AuditEntry.objects.get(act="lifecycle.accept").operator == operator()


def test_the_suggestion_fills_the_form_and_a_trial_changes_nothing() -> None:
    client, url = logged_in(), reverse("users:lifecycle")
    assert client.get(url).context["suggestion"] is None
    assert client.post(url, {"study": "1"}).status_code == 302
    waiting = client.get(url)
    assert [p.title for p in waiting.context["progresses"]] == ["Count the silences between visits"]
    long_jobs.run_due()
    suggestion = client.get(url).context["suggestion"]
    found = suggestion["found"]
    filled = client.get(suggestion["take"].url).context["form"]
    assert filled["dormant_after"].initial == found.dormant_after
    assert filled["churned_after"].initial == found.churned_after > found.dormant_after
    assert client.post(url, TRIED | {"replay": "1"}).status_code == 302
    assert LifecycleRule.objects.count() == 1
    again = client.post(url, TRIED | {"replay": "1"})
    assert "already" in str(again.context["form"].errors)
    long_jobs.run_due()
    page = client.get(url)
    shown = page.context["replay"]
    replayed = stage_study.last_replay()
    assert replayed is not None
    flagged, back = replayed.asked.dormant, replayed.asked.dormant_back
    share = f"{back / flagged:.1%}"
    assert shown["sentences"][0] == (
        f"Dormant at 12 days would have flagged {flagged} customers, {share} of whom came back anyway."
    )
    for row in shown["table"].rows:
        for cell in (row[2], row[3], row[6], row[7]):
            assert opened(client, cell.url) == cell.value
    assert re.search(r"Became dormant per week", page.content.decode())


def test_a_trial_of_thresholds_out_of_order_says_so_and_keeps_what_was_typed() -> None:
    url = reverse("users:lifecycle")
    page = logged_in().post(url, TRIED | {"churned_after": "12", "replay": "1"})
    assert page.status_code == 200
    assert page.context["form"].data["churned_after"] == "12"
    assert page.context["form"].errors
    assert not LongJob.objects.filter(kind=stage_study.REPLAY).exists()


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.ANALYST, Role.SUPPORT])
def test_only_an_owner_counts_tries_or_accepts(role: str) -> None:
    client, url = logged_in(role), reverse("users:lifecycle")
    for asked in ({"study": "1"}, TRIED | {"replay": "1"}, TRIED):
        assert client.post(url, asked).status_code == 403
    assert not LongJob.objects.exists()


def test_an_address_may_fill_the_form_with_nothing_but_days() -> None:
    url = (
        f"{reverse('users:lifecycle')}?dormant_after=<script>&churned_after=99999&new_for=9&returning_for=-1"
    )
    form = logged_in().get(url).context["form"]
    initial = {name: form[name].initial for name in TRIED}
    assert initial == {"new_for": 9, "dormant_after": 30, "churned_after": 90, "returning_for": 30}
    assert "<script>&" not in logged_in().get(url).content.decode()


def test_what_takes_too_long_is_cut_off_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: Any) -> None:
        execute("SELECT pg_sleep(3)")

    monkeypatch.setattr(features, "visits", slow)
    with pytest.raises(Refusal), patience.with_patience(1):
        slow()
    monkeypatch.setattr(features_page, "with_patience", lambda: patience.with_patience(1))
    client = logged_in()
    text = part(client, "users:features", "visits").content.decode()
    assert "Choose a shorter period or one channel." in text
    assert "Page Viewed" in part(client, "users:features", "use").content.decode()
