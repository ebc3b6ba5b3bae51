"""Gate: every act that changes what a rule may ask about touches whom it concerns, in its own transaction.

The acts of ``writers`` are performed for real. Row triggers write down every change of every table that a
registered name reads, and every touch, each with its transaction.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from config.kit import clock
from feedback.seed import seed as seed_feedback
from growth.seed import seed as seed_growth
from segments import registry
from segments.models import Segment
from segments.rules.as_of import AsOf
from segments.rules.parse import parse
from segments.services.rebuild import rebuild_waiting
from segments.services.refresh import refresh
from segments.services.segments import create_segment
from tests.clock import move_to
from tests.segments import acts as about
from tests.segments import touch_log
from tests.segments.acts import Act
from tests.segments.shop import members, rule
from tests.segments.write_sites import Recorder, sites
from tests.segments.writers import USERS
from tests.segments.writers_apps import CAMPAIGNS, growth
from tests.segments.writers_doings import DOINGS, ENDS
from tests.segments.writers_feedback import FEEDBACK
from tests.sinks import SmtpSink
from users.models import Customer
from users.seed import seed
from users.services.touch import touch
from users.topics import TouchTopic

ROOT = Path(__file__).resolve().parents[2]

# Places that write such a table, by which no act comes: why no answer can change unnoticed there.
ELSEWHERE: dict[str, str] = {}


def acts() -> tuple[Act, ...]:
    """All of them, in the order in which they are performed."""
    return (*USERS, *DOINGS, *CAMPAIGNS, *FEEDBACK, *growth(), *ENDS)


@pytest.mark.timeout(400)
@pytest.mark.django_db(transaction=True)
def test_every_writer_touches_and_every_refresh_equals_the_rule_from_scratch(smtp_sink: SmtpSink) -> None:
    move_to(about.NOW)
    for each in (seed, seed_growth, seed_feedback):
        each()
    everything = acts()
    readings = touch_log.readings(AsOf(clock.now()))
    questions = {str(question): question for act in everything for question in act.turns}
    probes = {name: probe(f"{n}", asked) for n, (name, asked) in enumerate(questions.items())}
    rebuild_waiting(seconds=120)
    refresh()
    recorder = Recorder()
    problems, columns = [], set[touch_log.Column]()
    touch_log.install(set().union(*(reading.tables for reading in readings)))
    try:
        for act in everything:
            begin(act)
            before = [chosen(question) for question in act.turns]
            touch_log.forget()
            with connection.execute_wrapper(recorder):
                act.perform()
            problems += [f"{act.name}: {line}" for line in touch_log.untouched(readings)]
            columns |= touch_log.written()
            for question, chosen_before in zip(act.turns, before, strict=True):
                if chosen(question) == chosen_before:
                    problems.append(f"{act.name}: turns nothing of {question}")
    finally:
        touch_log.remove()
    refresh()
    assert problems == [], "\n".join(problems)
    for name, segment in probes.items():
        segment.refresh_from_db()
        assert members(segment) == chosen(questions[name], segment), name
    assert unwritten(readings, columns) == []
    own = set(touch_log.customer_columns()) & set().union(*(reading.tables for reading in readings))
    silent = {f"{one.file}:{one.where}" for one in sites(own) if not one.touches and not recorder.saw(one)}
    assert sorted(silent - set(ELSEWHERE)) == []
    assert sorted(set(ELSEWHERE) - silent) == []


def begin(act: Act) -> None:
    """What an act needs to be there; the people whom a test writes itself are touched before it."""
    if act.prepare is not about.nothing:
        known = set(Customer.objects.values_list("pk", flat=True))
        act.prepare()
        touch(set(Customer.objects.values_list("pk", flat=True)) - known, TouchTopic.PROFILE)


def probe(name: str, question: dict[str, Any]) -> Segment:
    return create_segment(name=name, rule=rule(question), by=None)


def chosen(question: dict[str, Any], segment: Segment | None = None) -> set[int]:
    """Whom the rule selects from scratch now, or as of the instant of the segment."""
    at = segment.computed_at if segment is not None else clock.now()
    assert at is not None
    return set(parse(rule(question)).customers(AsOf(at)).values_list("pk", flat=True))


def unwritten(readings: list[touch_log.Reading], columns: set[touch_log.Column]) -> list[str]:
    """Names of which some column of a customer's table was written by no act: they have no writer declared."""
    own = touch_log.customer_columns()
    return [
        f"{reading.name}: {table}.{column}"
        for reading in readings
        for table, column in sorted(reading.columns)
        if table in own and (table, column) not in columns and column not in ("id", "customer_id")
    ]


@pytest.mark.django_db
def test_every_name_is_turned_by_an_act() -> None:
    seed_growth()
    asked = {name for act in acts() for question in act.turns for name in names_in(question)}
    registered = {
        entry.name for kind in (registry.fields, registry.collections, registry.sources) for entry in kind
    }
    assert sorted(registered - asked) == []


def names_in(question: dict[str, Any]) -> Iterator[str]:
    for key in ("field", "collection", "happened"):
        if key in question:
            yield question[key]
    if "event" in question:
        yield "events"
