"""What the builder asks while a rule is edited: parts, advice, cost, conflicts, and what a new rule starts from."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from config.kit import clock
from segments.admin.pinyin import initials
from segments.models import Segment
from segments.rules.as_of import AsOf
from segments.rules.parse import parse
from segments.rules.words import Words
from segments.services import preview as preview_service
from segments.services import preview_cost, preview_parts
from segments.services.advice import advice
from segments.services.preview_cost import Cost, costs
from segments.services.preview_parts import draw
from segments.services.segments import edit_segment
from tests.operators import SET_UP
from tests.segments.shop import ago, customer, event, order, rule, segment
from users.models import Operator, Role

pytestmark = pytest.mark.django_db(transaction=True)

DORMANT = {"field": "stage", "op": "is_any_of", "value": ["dormant"]}
ACTIVE = {"field": "stage", "op": "is_any_of", "value": ["active"]}
RICH = {"field": "revenue", "op": "at_least", "value": 10000}
VIEWED = {"event": "Product Viewed", "op": "did", "at_least": 2, "in_last_days": 30}


@pytest.fixture
def client() -> Client:
    made = Client()
    made.force_login(
        Operator.objects.create(username="olga", role=Role.OPERATOR, is_staff=True, factor_at=SET_UP)
    )
    return made


def parts_of(client: Client, asked: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = client.post(reverse("segments:preview_parts"), {"rule": json.dumps(asked)}).json()
    return found


def some_customers() -> None:
    """Six: three dormant, of whom one is rich and one viewed twice; three active, of whom two are rich."""
    rich = customer(stage="dormant", revenue=20_000, orders=2)
    viewer = customer(stage="dormant", revenue=0, orders=0)
    customer(stage="dormant", revenue=500, orders=1)
    for revenue in (20_000, 30_000, 0):
        customer(stage="active", revenue=revenue, orders=1)
    order(rich, ago(days=40), 20_000)
    for days in (1, 2):
        event(viewer, "Product Viewed", ago(days=days))


def test_each_part_says_what_it_keeps_adds_or_takes_out(client: Client) -> None:
    some_customers()
    found = parts_of(client, rule(DORMANT, {"any": [RICH, VIEWED]}))
    assert {path: one["text"] for path, one in found["figures"].items()} == {
        "root": "2",
        "root.all[0]": "3",
        "root.all[1]": "keeps 2 of 3; alone 4",
        "root.all[1].any[0]": "3",
        "root.all[1].any[1]": "adds 1; alone 1",
    }
    assert found["figures"]["root.all[0]"]["share"] == 0.5
    found = parts_of(client, rule({"none": [RICH, DORMANT]}))
    assert found["figures"]["root.all[0].none[1]"]["text"] == "takes out 2 of 3"
    assert "Who they are" in found["html"]
    assert "The rule only takes customers out: everybody else is in it, visitors too (1)." in found["html"]


def test_parts_agree_with_the_rule_itself_for_all_kinds_of_groups() -> None:
    some_customers()
    now = clock.now()
    for asked in (
        rule(DORMANT, {"none": [RICH, {"all": [VIEWED, DORMANT]}]}),
        rule(RICH, {"none": [DORMANT]}, {"any": [VIEWED, {"everyone": True}]}, how="any"),
        rule(RICH, {"any": [DORMANT, VIEWED]}, how="none"),
    ):
        read = parse(asked)
        drawn = draw(read, now)
        assert drawn.members().count == read.customers(AsOf(now)).count()


def test_a_sample_says_how_sure_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview_parts, "FEW", 10)
    for number in range(1_001, 1_061):
        customer(pk=number, stage="dormant" if number % 2 else "active", orders=1)
    drawn = draw(parse(rule(DORMANT)), clock.now())
    members = drawn.members()
    assert (drawn.total, drawn.size) == (60, 11)
    assert members.count == round(members.found / 11 * 60)
    assert members.margin > 0


def test_advice_on_what_was_hardly_meant() -> None:
    for number in range(25):
        customer(stage="dormant", orders=number % 2, revenue=20_000)
        customer(stage="active", orders=1, revenue=20_000)
    now, words = clock.now(), Words()

    def said(*conditions: dict[str, Any], how: str = "all") -> list[str]:
        return advice(draw(parse(rule(*conditions, how=how)), now), words)

    assert said(DORMANT) == ["This also includes customers who never ordered: 13."]
    assert "Nobody fulfils both of these at the moment: stage is “Dormant”; stage is “Active”." in said(
        DORMANT, ACTIVE
    )
    assert said(ACTIVE, RICH) == [
        "This changes nothing beside the others at the moment: money spent in life is at least $100.00."
    ]
    assert said(ACTIVE, ACTIVE) == ["This stands twice in the same group: stage is “Active”."]
    assert said({"everyone": True}, {"none": [ACTIVE]})[0].startswith("“Everyone” or “no one” stands")
    assert said({"everyone": True})[0] == "It will be kept only if you tick below that you mean it."


def test_the_cost_in_words_and_what_costs_most(monkeypatch: pytest.MonkeyPatch, client: Client) -> None:
    some_customers()
    found = costs(parse(rule(DORMANT, VIEWED)), clock.now())
    assert found.whole is Cost.LIGHT
    assert "most of it for" not in parts_of(client, rule(DORMANT, VIEWED))["html"]
    monkeypatch.setattr(preview_cost, "LIMITS", ((1, Cost.LIGHT), (2, Cost.MEDIUM), (2.1, Cost.HEAVY)))
    found = costs(parse(rule({"field": "city", "op": "is_known"}, VIEWED)), clock.now())
    assert found.whole is Cost.REFUSED
    shown = parts_of(client, rule(DORMANT))["html"]
    assert "too much" in shown
    assert "most of it for: stage is “Dormant”" in shown


def test_a_rule_that_costs_too_much_says_what_costs_most(
    monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    some_customers()
    monkeypatch.setattr(preview_service, "COST_CEILING", 1)
    shown = client.post(reverse("segments:preview"), {"rule": json.dumps(rule(DORMANT))}).content.decode()
    assert "This rule would read too much at once." in shown
    assert "What costs most: stage is “Dormant” (light)." in shown


def test_the_form_reads_seldom(client: Client) -> None:
    for number in range(3):
        segment(RICH, name=f"S{number}")
    client.get(reverse("segments:create"))
    with CaptureQueriesContext(connection) as seen:
        assert client.get(reverse("segments:create")).status_code == 200
    assert len(seen) <= 20, "\n".join(one["sql"][-230:] for one in seen)


def test_a_rule_that_is_not_complete_has_no_parts(client: Client) -> None:
    for text in ("{", "", json.dumps(rule({"field": "gone", "op": "is_known"}))):
        answer = client.post(reverse("segments:preview_parts"), {"rule": text})
        assert answer.json() == {"figures": {}, "html": ""}


def test_the_preview_speaks_both_languages(client: Client) -> None:
    shown = client.post(reverse("segments:preview"), {"rule": json.dumps(rule(DORMANT))}).content.decode()
    assert "Customers: stage is “Dormant”." in shown
    with translation.override("zh-hans"):
        assert parse(rule(DORMANT)).sentence(Words()) in shown


def test_somebody_else_saved_meanwhile_and_nothing_is_lost(client: Client) -> None:
    made = segment(DORMANT, name="Ours")
    page = reverse("segments:edit", args=[made.pk])
    begun = client.get(page).context["form"].initial["version"]
    peter = Operator.objects.create(username="peter", role=Role.OPERATOR, is_staff=True, factor_at=SET_UP)
    edit_segment(made, by=peter, rule=rule(RICH))
    mine = {"name": "Mine", "rule": json.dumps(rule(ACTIVE)), "version": begun}

    refused = client.post(page, mine)

    shown = refused.content.decode()
    assert "peter changed this segment while you were editing it." in shown
    assert "<del>money spent in life is at least $100.00</del>" in shown
    made.refresh_from_db()
    assert made.rule == rule(RICH)
    assert refused.context["form"]["rule"].value() == mine["rule"]
    again = {**mine, "version": refused.context["form"]["version"].value()}
    assert client.post(page, again).status_code == 302
    made.refresh_from_db()
    assert (made.name, made.rule, made.rule_version) == ("Mine", rule(ACTIVE), 3)


def test_a_new_segment_starts_from_what_is_there(client: Client) -> None:
    made = segment(RICH, name="Rich ones")
    Segment.objects.filter(pk=made.pk).update(description="For the party")
    page = reverse("segments:create")

    def initial(**asked: str) -> dict[str, Any]:
        found: dict[str, Any] = client.get(page, asked).context["form"].initial
        return found

    assert json.loads(initial(**{"from": str(made.pk)})["rule"]) == rule(RICH)
    assert initial(**{"from": str(made.pk)})["description"] == "For the party"
    assert initial(preset="dormant")["name"] == "Dormant customers"
    assert json.loads(initial(rule=json.dumps(rule(ACTIVE)))["rule"]) == rule(ACTIVE)
    for nonsense in ({"from": "99999"}, {"from": "x"}, {"preset": "999"}, {"preset": "-1"}):
        assert json.loads(initial(**nonsense)["rule"]) == rule(ACTIVE)


def test_initials_of_chinese_words() -> None:
    assert initials("沉睡 阶段") == "csjd"
    assert initials("Tags 标签，€ 㐀") == "bq"


def test_what_is_wrong_is_said_in_the_words_of_the_builder(client: Client) -> None:
    """Never a key of the JSON; where a condition has several inputs, which one it is."""
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"regularly": {"happened": "orders"}, "weeks": 5, "of": 4},
         "in at least (weeks): cannot be in more weeks than are looked at"),
        ({"bucket": "test", "from": 60, "to": 20}, "to lot (of 100): the last lot must not come before the first"),
        ({"happened": "orders", "op": "did", "at_least": 5, "at_most": 2},
         "“at most” must not be smaller than “at least”"),
        ({"field": "revenue", "op": "at_least", "value": None}, "must be filled in"),
        ({"field": "city", "op": "equals", "value": ""}, "must be filled in"),
        ({"field": "registered_at", "op": "before", "value": ""}, "must be filled in"),
        ({"field": "city", "op": "is_any_of", "value": []}, "must name at least one"),
        ({"sequence": {"event": "A"}, "op": "then", "then": {"event": ""}, "within": 1, "unit": "days"},
         "must be filled in"),
        ({"restarted": {"event": "A"}, "gap_days": 0}, "after (days) without: must be between 1 and 3650"),
    ]  # fmt: skip
    for condition, sentence in wrong:
        shown = client.post(
            reverse("segments:preview"), {"rule": json.dumps(rule(condition))}
        ).content.decode()
        assert f'data-problem="{sentence}"' in shown, condition
        saved = client.post(reverse("segments:create"), {"name": "S", "rule": json.dumps(rule(condition))})
        assert f"The rule is not complete: {sentence}." in saved.content.decode()


def test_what_only_the_tick_box_can_allow_is_said_beside_it(client: Client) -> None:
    known = {"field": "city", "op": "is_known"}
    asked = {"name": "S", "rule": json.dumps(rule(known, {"none": [known]}, how="any"))}
    form = client.post(reverse("segments:create"), asked)
    assert form.context["form"].errors == {
        "means_everyone": ["This rule means everyone. If that is what you want, say so."]
    }
    assert 'href="#id_means_everyone"' in form.content.decode()
    assert client.post(reverse("segments:create"), {**asked, "means_everyone": "on"}).status_code == 302
