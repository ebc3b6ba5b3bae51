"""The pages about the past of segments: history, overlap, backtest, reasons; each figure opens its customers."""

import json
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from config.kit import clock
from config.kit.refusal import Refusal
from segments.models import Backtest, MembershipChange, Run, Segment
from segments.reports.moves import dwell, moves_by_day
from segments.reports.overlap import regions
from segments.services import backtest
from segments.services.explain import explain, explain_past
from segments.services.refresh import refresh
from segments.services.segments import edit_segment
from tests.segments.shop import ago, customer, event, order, rule, segment, tagged
from tests.segments.test_pages import as_operator
from users.groups import read_group
from users.models import AuditEntry, CustomerTag, LongJob, Role
from users.reports.figures import today_in_shop
from users.reports.periods import Period, midnight
from users.services import long_jobs
from users.services.exports.kinds import export_kinds

pytestmark = pytest.mark.django_db(transaction=True)

VIP = {"collection": "tags", "op": "has_any_of", "value": ["VIP"]}
PRESS = {"collection": "tags", "op": "has_any_of", "value": ["Press"]}
BOUGHT = {"happened": "orders", "op": "did", "in_last_days": 30}


def behind(page: str, text: str) -> set[int]:
    """The customers of the group that a link with this text leads to."""
    found = re.search(rf'href="[^"]*group=([^"&]+)[^"]*"[^>]*>\s*{text}\s*<', page)
    assert found, text
    from urllib.parse import unquote_plus

    spec = unquote_plus(unescape(found[1]))
    return set(customers_of(spec))


def customers_of(spec: str) -> list[int]:
    from users.models import Customer

    found = Customer.objects.filter(pk__in=read_group(spec, clock.now()).customers)
    return sorted(found.values_list("pk", flat=True))


def moved() -> tuple[Segment, list[int]]:
    """A segment that one entered and left by time, and another entered by an event and stays in."""
    here, gone = customer(name="Here", identified=True), customer(name="Gone", identified=True)
    order(gone, ago(days=29, hours=20), 100)
    found = segment(BOUGHT)
    order(here, ago(minutes=1), 100)
    refresh()
    refresh(clock.now() + timedelta(hours=6))
    return found, [here.pk, gone.pk]


def test_the_history_counts_by_day_and_cause_and_opens_who_they_were() -> None:
    found, (here, gone) = moved()
    today = today_in_shop(clock.now())
    period = Period(today - timedelta(days=1), today + timedelta(days=1))
    counted = {
        (cause, way): sum(
            getattr(one, way) for one in moves_by_day(found.pk, period, clock.now()) if one.cause == cause
        )
        for cause in ("event", "clock", "rebuild")
        for way in ("entered", "left")
    }
    assert counted == {
        ("event", "entered"): 1, ("event", "left"): 0, ("clock", "entered"): 0, ("clock", "left"): 1,
        ("rebuild", "entered"): 1, ("rebuild", "left"): 0,
    }  # fmt: skip
    span = f"segment={found.pk}&from={period.first}&to={period.last}"
    assert customers_of(f"segment_moves?{span}&entered=1") == [here, gone]
    assert customers_of(f"segment_moves?{span}&entered=1&cause=event") == [here]
    assert customers_of(f"segment_moves?{span}&entered=0") == [gone]
    stays = dwell(found.pk, period, clock.now() + timedelta(hours=7))
    assert (stays.left["day"], stays.members["day"], stays.left["week"]) == (1, 1, 0)
    assert customers_of(f"segment_dwell?{span}&dwell=day&left=1") == [gone]
    assert customers_of(f"segment_dwell?{span}&dwell=day&left=0") in ([here], [])
    for wrong in ("segment=0", f"segment={found.pk}&from=x&to=y", f"{span}&entered=1&cause=nothing"):
        with pytest.raises(Refusal):
            read_group(f"segment_moves?{wrong}", clock.now())


def test_the_history_page_filters_its_log_and_hands_it_out() -> None:
    found, _who = moved()
    client, page = as_operator(Role.ANALYST), reverse("segments:history", args=[found.pk])
    day = {"from": str(today_in_shop(clock.now()) - timedelta(days=1)),
           "to": str(today_in_shop(clock.now()) + timedelta(days=1))}  # fmt: skip
    shown = client.get(page, day).content.decode()
    assert "Here" in shown
    assert "Gone" in shown
    left = client.get(page, {**day, "direction": "left", "cause": "clock", "csv": "1"})
    lines = b"".join(left.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 2
    assert ",Gone,left," in lines[1]
    assert AuditEntry.objects.filter(act="export.list").count() == 1
    support = as_operator(Role.SUPPORT).get(page, {**day, "csv": "1"})
    assert "text/html" in support["Content-Type"]
    rows = export_kinds["memberships"].rows(["segment", "what", "cause"], _who)
    assert (found.name, "left", "clock") in rows


def test_overlap_counts_every_region_exactly_and_each_opens_and_becomes_a_rule() -> None:
    people = [customer(identified=True) for _ in range(4)]
    for who, tags in zip(people, (["VIP"], ["VIP", "Press"], ["Press"], []), strict=True):
        tagged(who, *tags)
    one, two = segment(VIP), segment(PRESS)
    three = segment({"field": "identified", "op": "equals", "value": True})
    counted = {region.bits: region.customers for region in regions([one.pk, two.pk, three.pk])}
    assert counted == {0b111: 1, 0b101: 1, 0b110: 1, 0b100: 1, 0b011: 0, 0b001: 0, 0b010: 0}
    for bits, expected in ((0b101, [people[0].pk]), (0b100, [people[3].pk]), (0b011, [])):
        spec = f"overlap?of={one.pk}-{two.pk}-{three.pk}&in={bits}"
        assert customers_of(spec) == expected
    kept = read_group(f"overlap?of={one.pk}-{two.pk}&in=1", clock.now())
    assert kept.sentence == f"In “{one.name}”, not in “{two.name}”"
    assert kept.rule == {"all": [{"segment": one.pk, "op": "in"}, {"segment": two.pk, "op": "not_in"}]}
    client = as_operator(Role.SUPPORT)
    assert client.get(reverse("segments:overlap")).status_code == 200
    pair = client.get(reverse("segments:overlap"), {"a": one.pk, "b": two.pk}).content.decode()
    assert pair.count("<circle") == 2
    assert "Portrait of the difference" in pair
    all_three = client.get(reverse("segments:overlap"), {"a": one.pk, "b": two.pk, "c": three.pk})
    assert all_three.content.decode().count("<rect") == 7
    again = client.get(reverse("segments:overlap"), {"a": str(one.pk), "b": str(one.pk), "c": "x"})
    assert "Choose at least two segments" in again.content.decode()


def test_the_areas_of_the_picture_are_the_sizes() -> None:
    from segments.admin.overlap import _distance, _lens

    for shared in (0.5, 1.0, 2.5):
        assert _lens(1.0, 1.5, _distance(1.0, 1.5, shared)) == pytest.approx(shared, abs=1e-6)


def test_a_backtest_says_whom_and_what_came_of_them() -> None:
    bought, churned, later = (customer(first_seen_at=ago(days=100), identified=True) for _ in range(3))
    order(bought, ago(days=70), 1000)
    order(bought, ago(days=50), 2500)
    order(churned, ago(days=65), 500)
    order(later, ago(days=10), 900)
    found = segment(BOUGHT)
    day = midnight(today_in_shop(clock.now()) - timedelta(days=60))
    said = backtest.outcome(found.rule, day, 30, clock.now())
    assert (said.selected, said.still, said.ordered, said.revenue, said.churned) == (2, 0, 1, 2500, 0)
    made = backtest.begin(title="Bought", rule=found.rule, by=None, now=clock.now(), segment=found)
    spec = f"backtest?of={made.pk}&at={today_in_shop(clock.now()) - timedelta(days=60)}&days=30&part="
    assert customers_of(spec + "was") == [bought.pk, churned.pk]
    assert customers_of(spec + "ordered") == [bought.pk]
    assert customers_of(spec + "still") == customers_of(spec + "churned") == []
    with pytest.raises(Refusal):
        read_group(spec + "nonsense", clock.now())


def test_a_backtest_from_the_builder_runs_its_series_as_a_job_and_can_be_cancelled() -> None:
    who = customer(first_seen_at=ago(days=100), identified=True)
    order(who, ago(days=5), 100)
    client = as_operator(Role.OPERATOR)
    asked = {"name": "Not saved", "rule": json.dumps(rule(BOUGHT)), "every": "month"}
    made_at = client.post(reverse("segments:backtests"), asked)
    made = Backtest.objects.get()
    page = reverse("segments:backtest", args=[made.pk])
    assert made_at["Location"] == page
    assert "Cancel" in client.get(page).content.decode()
    long_jobs.run_due()
    made.refresh_from_db()
    assert made.job is not None
    assert made.job.state == LongJob.State.DONE
    assert len(made.points) == 13
    shown = client.get(page, {"at": str(today_in_shop(clock.now())), "days": "7"}).content.decode()
    assert "Would have been selected" in shown
    assert "not over yet" in shown
    assert client.get(page, {"at": "2999-01-01"}).status_code == 400
    second = backtest.begin(title="Weekly", rule=rule(BOUGHT), by=None, now=clock.now(), every="week")
    assert client.post(reverse("segments:backtest", args=[second.pk])).status_code == 302
    long_jobs.run_due()
    second.refresh_from_db()
    assert second.job is not None
    assert second.job.state == LongJob.State.CANCELLED
    refused = client.post(reverse("segments:backtests"), {"rule": "{"}, follow=True)
    assert "The rule cannot be read." in refused.content.decode()
    support = as_operator(Role.SUPPORT)
    assert support.post(reverse("segments:backtests"), asked).status_code == 403
    assert support.get(page).status_code == 200


def test_two_versions_are_compared_on_a_date(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (customer(first_seen_at=ago(days=100), identified=True) for _ in range(2))
    order(one, ago(days=40), 100)
    order(two, ago(days=55), 100)
    found = segment({**BOUGHT, "in_last_days": 60})
    edit_segment(found, by=None, rule=rule({**BOUGHT, "in_last_days": 10}))
    client = as_operator(Role.ANALYST)
    client.post(reverse("segments:backtests"), {"segment": found.pk, "with": "v1"})
    made = Backtest.objects.get()
    assert made.other_title.endswith("version 1")
    day = today_in_shop(clock.now()) - timedelta(days=35)
    both = backtest.beside(made.rule, made.other_rule, midnight(day))
    assert (both.both, both.one_only, both.other_only) == (1, 0, 1)
    page = client.get(reverse("segments:backtest", args=[made.pk]), {"at": str(day)}).content.decode()
    assert "Both rules on this date" in page
    assert customers_of(f"backtest?of={made.pk}&at={day}&days=30&part=other") == [two.pk]
    client.post(reverse("segments:backtests"), {"segment": found.pk, "with": "v9"})
    assert Backtest.objects.count() == 1
    from segments.services import preview

    monkeypatch.setattr(preview, "COST_CEILING", 0)
    refused = client.get(reverse("segments:backtest", args=[made.pk]), {"at": str(day)}).content.decode()
    assert "Asking this rule about the past reads too much at once." in refused


def test_reasons_as_of_a_past_date_name_what_has_no_history() -> None:
    who = customer(name="Lin", city="Suzhou", first_seen_at=ago(days=100), identified=True)
    event(who, "Product Viewed", ago(days=20))
    found = segment(
        {"field": "city", "op": "equals", "value": "Suzhou"},
        {"event": "Product Viewed", "op": "did", "in_last_days": 7},
    )
    then = explain_past(found.rule, who.pk, ago(days=18))
    assert (then.matches, then.past, then.of_today, then.turns_at) == (True, True, ["city"], None)
    now = explain(found, who.pk, clock.now())
    assert not now.matches
    assert now.flips == [["did “Product Viewed” at least 1 time in the last 7 days"]]
    client = as_operator(Role.SUPPORT)
    page = reverse("segments:explain", args=[found.pk, who.pk])
    day = str(today_in_shop(clock.now()) - timedelta(days=18))
    assert "No history is kept of these" in client.get(page, {"at": day}).content.decode()
    early = str(today_in_shop(clock.now()) - timedelta(days=300))
    assert "Nobody knew this customer on that date yet." in client.get(page, {"at": early}).content.decode()
    assert client.get(page, {"at": "2999-01-01"}).status_code == 400
    looked = client.get(reverse("segments:lookup", args=[found.pk]), {"q": "Lin"}).content.decode()
    assert page in looked
    assert (
        "No customer fits"
        in client.get(reverse("segments:lookup", args=[found.pk]), {"q": "Nobody"}).content.decode()
    )


def test_a_customer_beside_all_segments(django_assert_max_num_queries: Any) -> None:
    who = customer(name="Lin", city="Suzhou", first_seen_at=ago(days=100), identified=True)
    tagged(who, "VIP")
    inside = segment(VIP, name="Inside")
    near = segment(VIP, PRESS, name="Nearly")
    segment({"field": "city", "op": "equals", "value": "Wuxi"}, PRESS, name="Far away")
    client = as_operator(Role.SUPPORT)
    page = reverse("segments:of_customer", args=[who.pk])
    with django_assert_max_num_queries(16):
        shown = client.get(page).content.decode()
    assert inside.name in shown
    assert "tags include “Press”" in shown
    assert near.name in shown
    assert "Far away" not in shown
    CustomerTag.objects.update(tagged_at=ago(days=10))
    then = client.get(page, {"at": str(today_in_shop(clock.now()) - timedelta(days=30))}).content.decode()
    assert "tags: what was taken off since is not known" in then
    assert MembershipChange.objects.filter(customer=who).count() == 1
    assert Run.objects.exists()
    assert Client().get(page).status_code == 302
