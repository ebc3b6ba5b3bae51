"""Everything that apps lend can be asked: in both physical forms, over time, in words of both languages."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import Case, Value, When
from django.utils import translation

from campaigns.models import Campaign
from config.kit.batches import fetch
from segments import registry
from segments.rules.as_of import AsOf
from segments.rules.parse import parse
from segments.rules.tree import Rule
from segments.rules.words import Words
from segments.services.affected import ids
from segments.services.answers import answers as answers_of_one
from tests.segments import probes
from tests.segments.shop import customer, rule
from users.models import Customer
from users.seed import seed

DAY = timedelta(days=1)
NOW = datetime(2026, 5, 14, 7, 30, tzinfo=UTC)

pytestmark = pytest.mark.django_db


AT_ONCE = 40


def test_every_question_is_answered_alike_for_everybody_and_for_a_few() -> None:
    seed()
    for _number in range(3):
        customer()
    words, as_of = Words(), AsOf(NOW)
    rules = [parse(rule(question)) for question in probes.questions()]
    for read in rules:
        assert parse(read.write()).write() == read.write()
        assert read.sentence(words)
    for some in batched(rules, AT_ONCE):
        everybody, few = (answers(some, as_of.asked_for(everybody=each)) for each in (True, False))
        assert everybody == few
        edges = [edge for read in some for edge in read.crossing(as_of.at(NOW - 2 * DAY), as_of)]
        crossed = [ids(edge.customers) for edge in edges]
        union = " UNION ALL ".join(f"({sql})" for sql, _parameters in crossed)
        fetch(union or "SELECT", [value for _sql, values in crossed for value in values])


def test_every_question_shows_its_actual_value_and_when_time_turns_it() -> None:
    seed()
    who, words = customer(), Words()
    as_of = AsOf(NOW, everybody=False)
    for question in {str(sorted(each.items())[:2]): each for each in probes.questions()}.values():
        read = parse(rule(question))
        found = answers_of_one(read, who.pk, as_of)
        assert found is not None
        for condition, answer in zip(read.root.conditions(), found, strict=True):
            assert condition.turns(who.pk, answer.actual, as_of) == []
            condition.show(answer.actual, words)


def answers(rules: tuple[Rule, ...], as_of: AsOf) -> list[dict[str, bool]]:
    """What each rule says of each customer."""
    asked = {
        f"rule_{number}": Case(When(read.expression(as_of), then=Value(True)), default=Value(False))
        for number, read in enumerate(rules)
    }
    return list(Customer.objects.order_by("pk").annotate(**asked).values("pk", *asked))


def batched(rules: list[Rule], size: int) -> Iterator[tuple[Rule, ...]]:
    for start in range(0, len(rules), size):
        yield tuple(rules[start : start + size])


def test_every_label_is_written_in_both_languages() -> None:
    same = []
    for entry in (*registry.fields, *registry.collections, *registry.sources):
        texts = [entry.label, entry.group, *(getattr(entry, each, "") for each in ("did", "did_not", "noun"))]
        texts += [field.label for field in getattr(entry, "properties", {}).values()]
        for text in filter(None, texts):
            with translation.override("en"):
                english = str(text)
            with translation.override("zh-hans"):
                if str(text) == english and not english.startswith("UTM"):
                    same.append(english)
    assert same == []


def test_names_never_stand_as_numbers_in_a_sentence() -> None:
    seed()
    campaign = Campaign.objects.create(
        name="Spring", kind="one_off", topic_id=1, salt="s", created_at=NOW, expires_after=timedelta(days=1)
    )
    where = [{"property": "campaign", "op": "is_any_of", "value": [str(campaign.pk)]}]
    read = parse(rule({"happened": "messages", "op": "did", "where": where}))
    assert (
        read.sentence(Words())
        == "Customers: was sent a message (campaign is “Spring”) at least 1 time at any time."
    )
