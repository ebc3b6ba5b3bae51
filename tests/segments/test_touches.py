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
ELSEWHERE = {
    "feedback/services/keeping.py:remove": "touches whose conversations it removed",
    "users/services/imports/people.py:unclaim": "touches whose keys it took",
    "users/services/intake/erased_refunds.py:_write": "recounts the orders of those customers, which touches",
    "users/services/intake/people.py:_name": "touches the profiles in the next statement",
    "users/services/orders.py:write_refunds": "its callers recount the orders of those customers, which touches",
    "campaigns/services/claim.py:_mark_waiting": "what is queued again is not settled, and rules read what is settled",
    "campaigns/services/joining.py:_move_assignments": "the join touches the survivor at its end",
    "campaigns/services/joining.py:_move_conversions": "the join touches the survivor at its end",
    "campaigns/services/joining.py:_move_credits": "the join touches the survivor at its end",
    "feedback/demo_parts.py:_answer": "marks an answer as mailed, which rules do not read",
    "feedback/services/mailing.py:mail_replies": "marks an answer as mailed, which rules do not read",
    "growth/services/joining.py:_MOVE_LOTS": "the join touches the survivor at its end",
    "users/services/acquisition.py:absorb": "the join touches the survivors at its end",
    "users/services/demo/files.py:load_files": "marks invented people, which rules do not read",
    "users/services/enter_rate.py:_convert": "recounts the orders of those customers, which touches",
    "users/services/imports/consents.py:take_back": "touches whom the undo left alive",
    "users/services/imports/order_undo.py:_renew_first_seen": "when somebody was first seen is read by no rule",
    "users/services/imports/people.py:lower_contacts": "the undo touches contacts and profiles at its end",
    "users/services/imports/removal.py:_restore_columns": "the undo touches contacts and profiles at its end",
    "users/services/imports/removal.py:_unidentify": "the undo touches contacts and profiles at its end",
    "users/services/imports/removal.py:_unname": "the undo touches contacts and profiles at its end",
    "users/services/imports/removal.py:remove": "the undo touches contacts and profiles at its end",
    "users/services/imports/tags.py:take_back": "touches those whose tags it took",
    "users/services/imports/tags.py:write": "touches those whom it tagged",
    "users/services/intake/people.py:lower_first_seen": "when somebody was first seen is read by no rule",
    "users/services/retention.py:empty_ips": "forgets addresses of the network, which rules do not read",
    "users/services/retention.py:remove_events": "touches whose events it removed",
    "users/services/sql/first_seen_of_fresh.sql:first_seen_of_fresh.sql": "no rule reads when somebody was first seen",
    "users/services/sql/forget_events.sql:forget_events.sql": "retention touches whose events it removed",
    "users/services/tag_acts.py:merge": "removing the merged tag touches all who had it",
    "users/services/tag_acts.py:put_on_many": "touches in the same statement",
    "users/services/tag_acts.py:take_off_many": "touches in the same statement",
}


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
    known = {f"{one.file}:{one.where}" for one in sites(own)}
    assert sorted(set(ELSEWHERE) - known) == []


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
