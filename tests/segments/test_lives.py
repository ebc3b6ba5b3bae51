"""Promise 8 through the real services: incremental = from scratch, whatever happens, in four zones.

The rules are random ones of the whole language and one over every registered field. From scratch means the compiled
rule asked for everybody; that this in turn is what the rule means is the subject of ``test_exact.py``.

Each run of the tests has one short life, each time another one; ``RULE_LIVES=30`` has that many long ones in each zone.
"""

import json
import os
import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from campaigns.models import Campaign
from config.kit import clock
from config.kit.refusal import Refusal
from segments.models import Membership, MembershipChange, Segment
from segments.registry import Field, fields
from segments.rules.as_of import AsOf
from segments.rules.parse import parse
from segments.services.explain import explain
from segments.services.rebuild import rebuild_waiting
from segments.services.refresh import refresh
from segments.services.segments import create_segment, edit_segment
from tests.clock import move_to
from tests.operators import operator
from tests.segments.copying import FORMS, asks_in_form
from tests.segments.lives import EVENTS, TAGS, Life
from tests.segments.strategies import rules
from tests.segments.zones import ZONES, instants_of, open_in
from tests.sinks import SmtpSink
from users.models import Customer, EventType, Tag, Touched

pytestmark = pytest.mark.django_db(transaction=True)

LIVES = int(os.environ.get("RULE_LIVES", "0"))
TURNS = 5 if LIVES else 2
RANDOM_RULES = 14 if LIVES else 6
OVER_FIELDS = None if LIVES else 10
OVER_MESSAGES = None if LIVES else 6
MESSAGES = (
    "messages", "message_opens", "message_clicks", "message_unsubscribes", "message_reports", "messages_failed",
    "messages_skipped", "held_out", "conversions", "credited_orders",
)  # fmt: skip


def drawn(number: int, many: int, segments: tuple[int, ...] = ()) -> list[dict[str, Any]]:
    """So many random rules."""
    found = list[dict[str, Any]]()

    @seed(number)
    @settings(max_examples=many, phases=[Phase.generate], database=None, deadline=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(raw=rules(segments))
    def gather(raw: dict[str, Any]) -> None:
        found.append(raw)

    gather()
    return found


def question(about: Field, luck: random.Random) -> dict[str, Any] | None:
    """A question about a field that some lives answer otherwise than others."""
    questions: dict[str, dict[str, Any]] = {
        "number": {"op": "at_least", "value": luck.choice([1, 2])},
        "money": {"op": "at_least", "value": luck.choice([100, 1000])},
        "flag": {"op": "equals", "value": True},
        "instant": luck.choice(
            [{"op": "in_last_days", "value": 7}, {"op": "more_than_days_ago", "value": 1}]
        ),
        "text": {"op": "is_known"},
        "choice": {"op": "is_known"},
    }
    asked = questions.get(about.kind.name)
    return {"field": about.name, **asked} if asked else None


def over_every_field(luck: random.Random) -> list[dict[str, Any]]:
    """Two fields to a rule, so that one forgotten touch is not hidden by the others."""
    asked = [found for about in fields if (found := question(about, luck)) is not None]
    luck.shuffle(asked)
    parts = [asked[place : place + 2] for place in range(0, len(asked), 2)]
    return [{"version": 1, "root": {luck.choice(["any", "all"]): part}} for part in parts][:OVER_FIELDS]


def over_messages(luck: random.Random) -> list[dict[str, Any]]:
    """What was sent, answered, lost and left out; most in a window that time moves."""
    windows: list[dict[str, Any]] = [{}, {"in_last_days": 7}, {"in_last_days": 30}, {"in_current": "week"}]
    asked: list[dict[str, Any]] = [
        {"happened": name, "op": luck.choice(["did", "did_not"]), **luck.choice(windows)} for name in MESSAGES
    ]
    marketing = [{"property": "purpose", "op": "is_any_of", "value": ["marketing"]}]
    asked.append({"happened": "messages", "op": "did", "at_least": 2, "where": marketing, "in_last_days": 7})
    asked.append({"field": "last_message", "op": "more_than_days_ago", "value": 7})
    luck.shuffle(asked)
    return [{"version": 1, "root": {"all": [one]}} for one in asked][:OVER_MESSAGES]


def make(raw: dict[str, Any], made: list[Segment]) -> None:
    try:
        made.append(create_segment(name=f"S{len(made)}", rule=raw, by=None, means_everyone=True))
    except Refusal as refusal:
        assert refusal.code in {"unknown_key", "wrong_operator", "bad_operator"}, (raw, refusal)


@pytest.fixture
def shop() -> None:
    EventType.objects.bulk_create(
        [EventType(name=name, first_seen_at=clock.now()) for name in EVENTS], ignore_conflicts=True
    )
    Tag.objects.bulk_create([Tag(name=name) for name in TAGS], ignore_conflicts=True)


@pytest.mark.timeout(6 * 3600 if LIVES else 600)
@pytest.mark.parametrize("zone", ZONES if LIVES else ["Europe/Berlin"])
def test_lives_through_the_real_services(
    zone: str, monkeypatch: pytest.MonkeyPatch, shop: None, smtp_sink: SmtpSink
) -> None:
    open_in(zone, monkeypatch)
    number = int(os.environ.get("RULE_SEED", "0")) or random.SystemRandom().randrange(10**6)
    print(f"RULE_SEED={number}")  # noqa: T201 - pytest shows it beside the failure
    luck, by = random.Random(number), operator()
    starts = sorted(instants_of(zone))
    for turn in range(LIVES or 1):
        for start in luck.sample(starts, k=1):
            asks_in_form(luck.choice(FORMS), monkeypatch)
            began = start - timedelta(minutes=luck.choice([0, 5, 1500]))
            live(Life(luck, by, f"{turn}x", smtp_sink), began, luck)
    move_to(clock.lease_now())


def live(life: Life, start: datetime, luck: random.Random) -> None:
    Membership.objects.all().delete()
    MembershipChange.objects.all().delete()
    Campaign.objects.update(segment=None)
    Segment.objects.all().delete()
    move_to(start)
    life.goes_on(8)
    made: list[Segment] = []
    for raw in [*drawn(luck.randrange(2**32), RANDOM_RULES), *over_every_field(luck), *over_messages(luck)]:
        make(raw, made)
    for raw in drawn(luck.randrange(2**32), 4, tuple(one.pk for one in made[:5])):
        make(raw, made)
    rebuild_waiting(seconds=60)
    for _turn in range(TURNS):
        now = life.goes_on(luck.randrange(5))
        if luck.random() < 0.4:
            edit_segment(
                luck.choice(made[:5]), rule=drawn(luck.randrange(2**32), 1)[0], by=None, means_everyone=True
            )
            rebuild_waiting(now)
        done = refresh(now)
        assert done is not None
        assert done.failed == (), life.done
        assert not Touched.objects.exists()
        check(now, life)


def check(now: datetime, life: Life) -> None:
    """Every segment holds whom its rule selects from scratch; size, log and reasons agree."""
    someone = Customer.objects.living().order_by("pk").first()
    for segment in Segment.objects.by_rule().order_by("pk"):
        wanted = set(parse(segment.rule).customers(AsOf(now)).order_by().values_list("pk", flat=True))
        stored = set(Membership.objects.filter(segment=segment).values_list("customer_id", flat=True))
        assert stored == wanted, (json.dumps(segment.rule), str(now), stored ^ wanted, life.done)
        assert (segment.size, segment.computed_at) == (len(stored), now), (segment.rule, life.done)
        if someone is not None and segment.pk % 7 == 0:
            assert explain(segment, someone.pk, now).matches == (someone.pk in stored)
