"""Loading the demo shop: through the front door, once, and on from where it was killed."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import orjson
import pytest

from config.kit import clock
from tests.clock import move_to
from users.demo import DemoPart, demo_parts
from users.models import ApiKey, Customer, IntakeBody, LongJob, Scope
from users.services import api_keys
from users.services.demo import days, lives, load, state
from users.services.demo.door import DoorClosed, FrontDoor, front_door
from users.services.demo.instants import start_of
from users.services.demo.log import purchases_by_customer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def a_small_shop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty customers of the log and a few others, with the parts that users lends only."""
    few = {number: rows for number, rows in purchases_by_customer().items() if number <= 30}
    for module in (lives, days):
        monkeypatch.setattr(module, "purchases_by_customer", lambda: few)
    monkeypatch.setattr(days, "CUSTOMERS", 30)
    for group in ("LOOKERS", "PROSPECTS", "PASSERS_BY"):
        monkeypatch.setattr(lives, group, getattr(lives, group)[:3])
    monkeypatch.setattr(load, "_wait_until_applied", lambda job: None)
    monkeypatch.setattr(demo_parts, "_entries", {"users.customers": demo_parts["users.customers"]})
    lives.orders_on.cache_clear()
    lives._buyers_by_day.cache_clear()
    api_keys.forget_all()


def handed_in() -> list[dict[str, object]]:
    bodies = IntakeBody.objects.order_by("pk")
    return [item | {"is_history": body.is_history} for body in bodies for item in orjson.loads(body.items)]


def test_the_history_goes_through_the_front_door_with_a_server_key() -> None:
    assert load.load_demo()
    items = handed_in()
    story = [call for story in lives.everybody(anchor(), until()) for _, call in story.calls]
    assert sorted(str(item["message_id"]) for item in items) == sorted(call["messageId"] for call in story)
    assert all(body.confirmed for body in IntakeBody.objects.all())
    assert ApiKey.objects.get().scope == Scope.SERVER
    edge = (LongJob.objects.get().created_at - timedelta(hours=24)).isoformat()
    assert {item["is_history"] for item in items if str(item["occurred_at"]) < edge} == {True}
    assert {item["is_history"] for item in items if str(item["occurred_at"]) >= edge} <= {False}


def test_a_second_load_does_nothing() -> None:
    assert load.load_demo()
    count = IntakeBody.objects.count()
    assert not load.load_demo()
    assert IntakeBody.objects.count() == count
    job = LongJob.objects.get()
    assert (job.kind, job.state, job.done, job.total) == ("demo", "done", 100, 100)


def test_a_shop_with_customers_is_left_alone() -> None:
    Customer.objects.create(user_id="real", first_seen_at=clock.now())
    assert not load.load_demo()
    assert not LongJob.objects.exists()
    assert not IntakeBody.objects.exists()


def test_it_goes_on_where_it_was_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("users.services.demo.door.BODY_CALLS", 40)
    hand_in, handed = FrontDoor.hand_in, list[bytes]()

    def dies_at_the_fourth(door: FrontDoor, body: bytes, *, history: bool) -> None:
        if len(handed) == 3:
            raise KeyboardInterrupt
        handed.append(body)
        hand_in(door, body, history=history)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(FrontDoor, "hand_in", dies_at_the_fourth)
        load.load_demo()
    assert LongJob.objects.get().parameters["bodies"] == 3
    assert load.load_demo()
    messages = [str(item["message_id"]) for item in handed_in()]
    story = [call for story in lives.everybody(anchor(), until()) for _, call in story.calls]
    assert sorted(messages) == sorted(call["messageId"] for call in story)


def test_parts_run_in_the_order_of_their_positions(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def part(name: str, position: int) -> DemoPart:
        run: Callable[[datetime, Callable[[int, int], None]], None] = lambda now, progress: ran.append(name)  # noqa: E731
        return DemoPart(name=name, title=name, position=position, load=run)

    parts = {name: part(name, position) for name, position in (("late", 60), ("early", 10), ("middle", 40))}
    monkeypatch.setattr(demo_parts, "_entries", parts)
    assert load.load_demo()
    assert ran == ["early", "middle", "late"]
    assert state.is_demo()


def test_what_the_door_refuses_is_said() -> None:
    with front_door() as door, pytest.raises(DoorClosed, match="rejected"):
        door.hand_in(orjson.dumps({"batch": [{"type": "track", "event": "Nobody did this"}]}), history=False)


def test_days_are_lived_once_and_caught_up() -> None:
    assert load.load_demo()
    IntakeBody.objects.all().delete()
    now = until() + timedelta(days=3, hours=1)
    move_to(now)
    days.live(now)
    items = handed_in()
    assert items
    edge = (now - timedelta(hours=24)).isoformat()
    assert all(item["is_history"] == (str(item["occurred_at"]) < edge) for item in items)
    days.live(now)
    assert len(handed_in()) == len(items)
    assert state.lived_until(LongJob.objects.get()) == now


def test_a_shop_that_is_no_demo_lives_by_itself() -> None:
    days.live(clock.now())
    assert not IntakeBody.objects.exists()


def anchor() -> date:
    return state.anchor_of(LongJob.objects.get())


def until() -> datetime:
    return start_of(anchor() + timedelta(days=1))
