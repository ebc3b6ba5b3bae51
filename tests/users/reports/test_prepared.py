"""Prepared answers equal a count from scratch after late events, joins, erasures and refunds, in whatever parts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from config.kit import clock
from config.kit.refusal import Refusal
from tests.clock import move_to
from tests.users.door import customer, identify, send, track, visit
from users.dimensions import dimensions
from users.models import LongJob, ReportResult, Stage
from users.reports import activity, channels, features, flows, ladder, ltv, prepared, retention, sales, stored
from users.services import answers, erase, joining, long_jobs

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
MONTH = channels.last_days(NOW, 30)
PEOPLE = ("a", "b", "c", "d")
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _few_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "SPANS", (30,))
    monkeypatch.setattr(prepared, "RETENTION", ({"grain": "month"},))
    monkeypatch.setattr(prepared, "VALUE", ({},))
    monkeypatch.setattr(prepared, "RETAINED", ())
    monkeypatch.setattr(prepared, "FUNNELS", ())


Change = tuple[str, str, str, int]


def shop() -> None:
    """Four customers of two channels, one anonymous visitor, two orders each."""
    items = []
    for number, who in enumerate(PEOPLE):
        channel = {"channel": "search"} if number % 2 else {}
        items.append(identify(at=NOW - 80 * DAY, user=who, createdAt=(NOW - 20 * DAY).isoformat(), **channel))
        items += [visit(at=NOW - ago * DAY, user=who) for ago in (70, 40 - number, 25, 3 * number + 2)]
        items += [order(who, ago) for ago in (45, 10 + number)]
    send(*items, visit(at=NOW - 5 * DAY, anonymous="v"), is_history=True)


def order(who: str, ago: int) -> dict[str, Any]:
    lines = [
        {"product_id": f"p{ago % 2}", "price": 20 + ago, "quantity": 1},
        {"product_id": "p2", "price": 0},
    ]
    told = {"order_id": f"{who}{ago}", "total": 20 + ago, "currency": "USD", "products": lines}
    return track("Order Completed", at=NOW - ago * DAY, user=who, **told)


def change(one: Change) -> None:
    """Something that corrects the past."""
    kind, who, other, ago = one
    if kind == "late":
        send(visit(at=NOW - ago * DAY, user=who))
    elif kind == "refund":
        told = {"order_id": f"{who}45", "refund_id": f"r{ago}", "total": 5, "currency": "USD"}
        send(track("Order Refunded", at=NOW - ago * DAY / 2, user=who, **told))
    elif kind == "recognised":
        send(identify(at=NOW - ago * DAY, user=who, anonymous="v"))
    elif kind == "join" and who != other:
        ids = [person.pk for person in map(customer, (who, other))]
        with transaction.atomic():
            joining.join(*ids, now=NOW, cause="hand")


changes = st.lists(
    st.tuples(
        st.sampled_from(["late", "refund", "recognised", "join"]),
        st.sampled_from(PEOPLE[:2]),
        st.sampled_from(PEOPLE[2:]),
        st.integers(1, 60),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda one: one[0],
)


def told(now: datetime) -> dict[str, Any]:
    """What the reports say, whatever they say it from; of the crowd questions every crowd."""
    crowds: list[dict[str, str]] = [{}, {"visitors": "yes"}, {"channel": "search"}, {"channel": ""}]
    use = [features.use(MONTH, now, crowd) for crowd in crowds]
    visits = [features.visits(MONTH, now, crowd) for crowd in crowds]
    profit = channels.profit_and_loss(MONTH, now)
    kept = retention.compute(retention.read({"grain": "month"}, now), now)
    value = ltv.compute(ltv.read({}, now), now)
    assert profit.difference == 0
    return {
        "use": [(one.active, one.active_before, one.features) for one in use],
        "visits": [(one.customers, one.going_on, one.seconds, one.events, one.pages) for one in visits],
        "channels": [(line.channel, line.sums, line.revenue) for line in profit.lines],
        "ledger": (profit.ledger, profit.others),
        "flows": flows.transitions(MONTH, now).customers,
        "dwell": flows.dwell(MONTH, now),
        "returns": [flows.returns(MONTH, now, stage) for stage in (Stage.DORMANT, Stage.CHURNED)],
        "products": [
            (one.product.product_id, one.orders, one.customers, one.again, one.pieces, one.revenue)
            for one in sales.product_sales(MONTH, now).products
        ],
        "ladder": ladder.ladder(dimensions["channel"], now).rungs,
        "phases": activity.phases(now).customers,
        "sales": [one.by_source for one in sales.sales_and_before(MONTH, now)],
        "retention": (kept.rows, kept.means),
        "value": (value.rows, value.total, value.standing),
    }


@given(changes)
@settings(max_examples=4, deadline=None)
def test_what_is_prepared_equals_a_count_from_scratch(several: list[Change]) -> None:
    with pytest.MonkeyPatch.context() as patched, transaction.atomic():
        move_to(NOW)
        shop()
        patched.setattr(stored, "SLOW", 0.0)
        patched.setattr(stored, "DAYS_AT_ONCE", 15)
        prepared.prepare(NOW)
        before = told(NOW)
        for one in several:
            change(one)
        assert told(NOW) == before  # kept, as the page says
        stored.forget_all()
        while prepared.prepare(NOW)["left"]:
            pass
        in_parts = told(NOW)
        ReportResult.objects.all().delete()
        patched.setattr(stored, "SLOW", 3600.0)
        assert told(NOW) == in_parts
        transaction.set_rollback(True)


def test_any_number_of_parts_adds_up(monkeypatch: pytest.MonkeyPatch) -> None:
    move_to(NOW)
    shop()
    whole = features.visits(MONTH, NOW, {"visitors": "yes"})
    for days in (180, 20, 8):
        monkeypatch.setattr(stored, "DAYS_AT_ONCE", days)
        question = features.visits_question(MONTH)
        assert question.parts == 6 * 30 // days
        assert stored.prepare(question, NOW, until=0) is (question.parts == 1)
        while not stored.prepare(question, NOW, until=0):
            pass
        assert ReportResult.objects.count() == 1
        assert features.visits(MONTH, NOW, {"visitors": "yes"}) == whole
        stored.forget_all()


def test_parts_stand_for_the_instant_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    move_to(NOW)
    shop()
    monkeypatch.setattr(stored, "DAYS_AT_ONCE", 10)
    question = features.visits_question(MONTH)
    assert not stored.prepare(question, NOW, until=0)
    later = NOW + timedelta(hours=1)
    while not stored.prepare(question, later, until=0):
        pass
    assert features.visits(MONTH, later, {}).as_of == NOW


def test_who_comes_while_parts_are_prepared_is_in_one_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where parts end is decided with the first: other ends later would leave people out or count them twice."""
    move_to(NOW)
    shop()
    monkeypatch.setattr(stored, "DAYS_AT_ONCE", 10)
    question = features.visits_question(MONTH)
    assert not stored.prepare(question, NOW, until=0)
    send(*(visit(at=NOW - DAY, user=f"later{n}") for n in range(30)))
    while not stored.prepare(question, NOW, until=0):
        pass
    in_parts = features.visits(MONTH, NOW, {})
    stored.forget_all()
    assert in_parts == features.visits(MONTH, NOW, {})
    assert in_parts.customers == len(PEOPLE) + 30


def ended(kind: str) -> None:
    """Long work that has just ended."""
    job = long_jobs.start(kind, title="x", by=None)
    done = LongJob.objects.filter(pk=job.pk)
    done.update(finished_at=clock.lease_now() + timedelta(minutes=1), state=LongJob.State.DONE)


@pytest.mark.parametrize(("kind", "forgets"), [("users.value_day", False), ("users.import_run", True)])
def test_long_work_that_changes_customers_has_everything_asked_again(kind: str, forgets: bool) -> None:
    move_to(NOW)
    shop()
    assert answers.prepare(NOW)["left"] == 0
    assert answers.prepare(NOW) == {"questions": 0, "left": 0, "forgotten": 0}
    ended(kind)
    again = answers.prepare(NOW)
    assert (again["forgotten"] > 0, again["questions"] > 0) == (forgets, forgets)


def test_an_erasure_has_everything_asked_again() -> None:
    move_to(NOW)
    shop()
    answers.prepare(NOW)
    erase.ask_to_be_erased(customer("a").pk, actor="x")
    long_jobs.run_due()
    later = NOW + timedelta(minutes=10)
    assert answers.prepare(later)["forgotten"] > 0
    assert features.use(MONTH, later, {}).active == 3


def test_a_question_that_takes_too_long_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    move_to(NOW)
    shop()

    def refuse(*_args: Any, **_values: Any) -> None:
        raise Refusal("too_slow", "x", status=503)

    monkeypatch.setattr(flows, "transitions", refuse)
    assert prepared.prepare(NOW)["left"] == 0
