"""Explaining one customer: actual values, what decides, and when time alone will change the answer."""

from datetime import timedelta

import pytest

from config.kit import clock
from config.kit.refusal import NotFound, Refusal
from segments.services import preview as previews
from segments.services.explain import explain
from segments.services.preview import preview
from tests.segments.shop import ago, customer, event, order, rule, segment, tagged

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_tree_says_what_is_and_what_decides() -> None:
    who = customer(stage="dormant", revenue=9900, city="Suzhou")
    found = segment(
        {"field": "stage", "op": "is_any_of", "value": ["dormant"]},
        {"any": [
            {"field": "revenue", "op": "at_least", "value": 10000},
            {"happened": "orders", "op": "did", "at_least": 3, "in_last_days": 180},
        ]},
    )  # fmt: skip
    order(who, ago(days=1), 100)

    reasons = explain(found, who.pk, clock.now())

    assert not reasons.matches
    assert reasons.member_since is None
    stage, spending = reasons.root.parts
    assert (stage.sentence, stage.holds, stage.actual, stage.decides) == (
        "stage is “Dormant”",
        True,
        "Dormant",
        False,
    )
    assert (spending.sentence, spending.holds, spending.decides) == ("any of these", False, True)
    revenue, orders = spending.parts
    assert (revenue.sentence, revenue.actual) == ("money spent in life is at least $100.00", "$99.00")
    assert (orders.sentence, orders.actual) == ("ordered at least 3 times in the last 180 days", "1")
    assert revenue.decides
    assert orders.decides


def test_when_time_alone_will_change_the_answer() -> None:
    who = customer()
    now = clock.now()
    for days in (29, 20, 10):
        event(who, "Product Viewed", now - timedelta(days=days))
    found = segment({"event": "Product Viewed", "op": "did", "at_least": 2, "in_last_days": 30})

    reasons = explain(found, who.pk, now)

    assert reasons.matches
    assert reasons.member_since is not None
    # The second oldest leaves the window, which still holds it when it is exactly 30 days old: then one is left.
    assert reasons.turns_at == now - timedelta(days=20) + timedelta(days=30, microseconds=1)
    assert reasons.flips == [["did “Product Viewed” at least 2 times in the last 30 days"]]


def test_what_time_does_not_change_has_no_date() -> None:
    who = customer(city="Suzhou")
    found = segment({"field": "city", "op": "equals", "value": "Suzhou"})
    assert explain(found, who.pk, clock.now()).turns_at is None


def test_somebody_unknown_or_erased_is_not_explained() -> None:
    erased = customer(city="Suzhou", erased_at=ago(days=1))
    found = segment({"field": "city", "op": "equals", "value": "Suzhou"})
    for pk in (erased.pk, 999_999):
        with pytest.raises(NotFound):
            explain(found, pk, clock.now())


def test_preview_counts_samples_reads_back_and_warns() -> None:
    vip, plain = customer(city="Suzhou", identified=True), customer(identified=True)
    tagged(vip, "VIP")
    shown = preview(rule({"collection": "tags", "op": "has_any_of", "value": ["VIP"]}), clock.now())
    assert (shown.count, shown.margin, shown.total) == (1, 0, 2)
    assert shown.sample == [vip]
    assert shown.sentence == "Customers: tags include “VIP”."
    assert shown.warnings == []
    nobody = preview(rule({"event": "Never Seen", "op": "did"}), clock.now())
    assert nobody.warnings == ["Nobody matches at the moment.", "No event “Never Seen” was ever seen."]
    inside = preview(
        rule(
            {
                "sequence": {"happened": "orders"},
                "op": "then",
                "then": {"event": "B"},
                "within": 1,
                "unit": "days",
            },
            {"stopped": {"event": "A"}, "gap_days": 3},
            {"regularly": {"event": "C"}, "weeks": 1, "of": 2},
            {"nth": {"event": "D"}, "n": 2, "in_last_days": 3},
            {"restarted": {"event": "E"}, "gap_days": 3, "in_last_days": 3},
        ),
        clock.now(),
    )
    assert inside.warnings[1:] == [f"No event “{name}” was ever seen." for name in "ABCDE"]
    everybody = preview(rule({"field": "city", "op": "not_equals", "value": "Wuxi"}), clock.now())
    assert (everybody.count, everybody.warnings) == (2, ["Every customer matches at the moment."])
    assert plain.pk


def test_the_preview_says_how_many_are_visitors_without_a_name() -> None:
    customer(city="Suzhou", identified=True)
    asked = rule({"field": "city", "op": "equals", "value": "Suzhou"})
    assert preview(asked, clock.now()).warnings == ["Every customer matches at the moment."]
    for _number in range(2):
        customer(city="Suzhou", identified=False)
    assert preview(asked, clock.now()).warnings == [
        "2 of them are visitors who never said who they are.",
        "Every customer matches at the moment.",
    ]


def test_the_estimate_comes_from_a_sticky_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "ONE_IN", 2)
    monkeypatch.setattr(previews, "LARGE_SHOP", 10)
    for number in range(1_001, 1_041):  # every second row of the file that they came from is alike
        customer(pk=number, city="Suzhou" if number % 2 else "Wuxi")
    asked = rule({"field": "city", "op": "equals", "value": "Suzhou"})
    first, again = (preview(asked, clock.now(), exact=False) for _ in range(2))
    assert (first.count, first.margin) == (again.count, again.margin)
    assert abs(first.count - 20) <= first.margin < 20
    drawn = set(previews.sample(2).filter(city="Suzhou").values_list("pk", flat=True))
    assert {one.pk for one in first.sample} <= drawn
    assert len(first.sample) == min(len(drawn), previews.SAMPLE_SIZE)
    assert preview(asked, clock.now(), exact=True).margin == 0


def test_what_costs_too_much_is_refused_before_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "COST_CEILING", 0)
    with pytest.raises(Refusal) as refused:
        preview(rule({"field": "city", "op": "is_known"}), clock.now())
    assert refused.value.code == "too_costly"


def test_what_takes_too_long_is_cut_off() -> None:
    from config.kit.batches import fetch

    with pytest.raises(Refusal) as refused, previews.within_seconds(1):
        fetch("SELECT pg_sleep(5)")
    assert refused.value.code == "too_slow"
    assert fetch("SHOW statement_timeout") != [("1s",)]
