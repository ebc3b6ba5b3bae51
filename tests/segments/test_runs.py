"""The page of runs and audits: the promise, what broke it, and every run segment by segment."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.urls import reverse

from config.kit import clock
from config.kit.batches import execute
from config.kit.locks import mark_work
from segments.models import Run, SegmentRun
from segments.reports.runs import drift_by_day, drifts
from segments.services.audit import audit
from segments.services.refresh import refresh
from tests.operators import logged_in
from tests.segments.shop import customer, segment, tagged
from users.models import Role, Touched

pytestmark = pytest.mark.django_db(transaction=True)

VIP = {"collection": "tags", "op": "has_any_of", "value": ["VIP"]}


def test_a_drift_is_recorded_healed_and_shown_with_the_customers() -> None:
    forgotten, stranger = customer(name="Ida Forgotten"), customer(name="Sam Stranger")
    found = segment(VIP, name="The VIPs")
    refresh()
    assert [day.differed for day in drift_by_day(clock.now(), 3)] == [0, 0, 0]
    tagged(forgotten, "VIP")
    Touched.objects.all().delete()
    execute(
        "INSERT INTO segments_membership (customer_id, segment_id, entered_at) VALUES (%s, %s, now())",
        [stranger.pk, found.pk],
    )
    audit(found)
    audit(found)

    now = clock.now()
    assert [(day.audited, day.differed) for day in drift_by_day(now, 2)] == [(0, 0), (2, 2)]
    (drift,) = drifts(now, 30)
    assert (drift.of.segment, drift.of.entered, drift.of.left) == (found, 1, 1)
    assert drift.customers == [forgotten, stranger]
    assert drifts(now + timedelta(days=31), 30) == []
    page = logged_in(Role.ANALYST).get(reverse("segments:runs")).content.decode()
    for text in ("Ida Forgotten", "Sam Stranger", "The VIPs", "0 is the promise"):
        assert text in page


def test_without_a_difference_the_page_says_so() -> None:
    segment(VIP)
    page = logged_in(Role.ANALYST).get(reverse("segments:runs")).content.decode()
    assert "No audit found a difference" in page


def test_a_run_is_shown_segment_by_segment() -> None:
    found = segment(VIP, name="The VIPs")
    tagged(customer(), "VIP")
    done = refresh()
    assert done is not None
    SegmentRun.objects.create(
        run=done.run, segment=segment(VIP, name="Slow one"), rule_version=1,
        error="OperationalError: canceling statement due to statement timeout",
    )  # fmt: skip
    client = logged_in(Role.ANALYST)
    url = reverse("segments:run", args=[done.run.pk])
    assert url in client.get(reverse("segments:runs"), {"kind": "refresh"}).content.decode()
    page = client.get(url).content.decode()
    assert found.name in page
    assert "It took longer than is allowed." in page
    assert client.get(reverse("segments:run", args=[0])).status_code == 404
    assert client.get(reverse("segments:runs"), {"kind": "nonsense"}).status_code == 200


def test_what_is_being_computed_shows_for_how_long() -> None:
    found = segment(VIP, name="The VIPs")
    run = Run.objects.get(kind="rebuild")
    SegmentRun.objects.filter(run=run).update(milliseconds=4_200)
    with transaction.atomic():
        mark_work(found.pk)
        page = logged_in(Role.ANALYST).get(reverse("segments:runs")).content.decode()
    assert "Took the last time (seconds)" in page
    assert "4.2" in page


def test_the_page_asks_the_same_number_of_questions_however_many_runs(
    django_assert_max_num_queries: object,
) -> None:
    for _turn in range(12):
        tagged(customer(), "VIP")
        segment(VIP)
    client = logged_in(Role.ANALYST)
    with django_assert_max_num_queries(26):  # type: ignore[operator]
        client.get(reverse("segments:runs"))
