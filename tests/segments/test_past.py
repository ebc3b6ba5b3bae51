"""Asking a rule as of a past instant: what was true live must still be the answer afterwards."""

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from config.kit import clock, words
from config.kit.batches import execute, fetch
from segments import registry
from segments.models import Membership
from segments.rules.as_of import AsOf
from segments.rules.parse import parse
from segments.rules.words import Words
from segments.services.rebuild import rebuild_waiting
from segments.services.refresh import refresh
from segments.services.segments import create_segment
from segments.services.turning import JUST_AFTER, next_turn
from tests.segments.shop import ago, customer, event, order, rule, tagged
from tests.segments.strategies import (
    CATEGORIES,
    DAYS,
    MONEY,
    NUMBERS,
    STAGES,
    Json,
    ask,
    event_properties,
    happenings,
    instant_questions,
    mailings,
    number_questions,
    several,
)
from tests.segments.test_exact import profile
from tests.segments.world import EMPTY, EVENTS, TAGS
from users.models import (
    Consent,
    ContactPoint,
    Customer,
    CustomerDay,
    CustomerTag,
    Event,
    EventType,
    Order,
    OrderLine,
    Refund,
    Standing,
    Tag,
    Topic,
)
from users.services.shares import follow_orders
from users.services.sql import statement
from users.services.stages import move_stages, recompute
from users.services.touch import touch
from users.topics import TouchTopic

pytestmark = pytest.mark.django_db(transaction=True)

START = datetime(2026, 3, 10, 1, 30, 0, 5, tzinfo=UTC)
STEPS = st.sampled_from(
    [timedelta(seconds=7), timedelta(hours=3), timedelta(hours=17), timedelta(days=1), timedelta(days=8),
     timedelta(days=31), timedelta(days=95)]
)  # fmt: skip


class Shop:
    """A shop that lives on: stages and figures are kept by the services that keep them."""

    def __init__(self) -> None:
        execute(EMPTY + ";DELETE FROM users_customerday;DELETE FROM users_stagemove;DELETE FROM users_refund")
        self.now = START
        self.people: list[int] = []
        self.numbers = count()
        for name in EVENTS:
            EventType.objects.update_or_create(
                name=name, defaults={"first_seen_at": START, "is_activity": True}
            )
        self.tags = [Tag.objects.get_or_create(name=name)[0] for name in TAGS]

    def arrives(self) -> None:
        made = Customer.objects.create(first_seen_at=self.now, identified=True)
        Standing.objects.create(customer=made)
        self.people.append(made.pk)
        touch([made.pk], TouchTopic.PROFILE)

    def does(self, who: int, name: str, properties: dict[str, Any]) -> None:
        Event.objects.create(
            customer_id=who, message_id=f"m{next(self.numbers)}", type=EventType.objects.get(name=name),
            occurred_at=self.now, received_at=self.now, category=properties.get("category"),
            value=properties.get("value"),
            properties={key: properties[key] for key in properties.keys() - {"category", "value"}},
        )  # fmt: skip
        day = self.now.astimezone(words.shop_zone()).date()
        _row, is_new = CustomerDay.objects.get_or_create(
            customer_id=who,
            day=day,
            defaults={"first_at": self.now, "last_at": self.now, "events": 1},
        )
        if not is_new:
            CustomerDay.objects.filter(customer=who, day=day).update(last_at=self.now)
        with transaction.atomic():
            recompute([who], self.now)
        touch([who], TouchTopic.EVENTS)

    def orders(self, who: int, net: int, categories: set[str], later: bool) -> None:
        """An order, paid at once or not yet."""
        number = f"o{next(self.numbers)}"
        Order.objects.create(
            customer_id=who, source="shop", number=number, ordered_at=self.now, confirmed=True,
            paid_at=None if later else self.now, currency="USD", total=net + 50, tax=50, net=net,
            counts=not later,
        )  # fmt: skip
        for line, category in enumerate(sorted(categories)):
            OrderLine.objects.create(
                customer_id=who, source="shop", number=number, line=line, category=category, quantity=1,
                price=1, amount=1,
            )  # fmt: skip
        self._recount(who)

    def moves_on(self, one: Order, what: str, part: int) -> None:
        """The order is paid, cancelled, or money of it given back, as ``users.orders`` would have it."""
        if what == "pay":
            one.paid_at = one.paid_at or self.now
        elif what == "cancel":
            one.cancelled_at = one.cancelled_at or self.now
        else:
            back = (one.total - one.refunded) // part
            if not back:
                return
            Refund.objects.create(
                customer_id=one.customer_id, source="shop", number=one.number,
                refund_id=f"r{next(self.numbers)}", refunded_at=self.now, confirmed=True, amount=back, net=back,
            )  # fmt: skip
            one.refunded, one.net = one.refunded + back, one.net - back
        one.counts = (
            one.paid_at is not None and one.cancelled_at is None and not 0 < one.refunded >= one.total
        )
        Order.objects.filter(pk=one.pk).update(
            paid_at=one.paid_at, cancelled_at=one.cancelled_at, refunded=one.refunded, net=one.net,
            counts=one.counts,
        )  # fmt: skip
        self._recount(one.customer_id)

    def tags_on(self, who: int, tag: Tag) -> None:
        CustomerTag.objects.get_or_create(
            customer_id=who, tag=tag, defaults={"tagged_at": self.now, "source": "hand"}
        )
        touch([who], TouchTopic.TAGS)

    def answers(self, who: int, topic: str, granted: bool) -> None:
        key = {"customer_id": who, "channel": "email", "topic": Topic.objects.get(slug=topic)}
        Consent.objects.filter(**key).update(is_current=False)
        Consent.objects.create(
            **key, key=f"c{next(self.numbers)}", granted=granted, given_at=self.now, recorded_at=self.now,
            source="test", is_current=True,
        )  # fmt: skip
        touch([who], TouchTopic.CONSENT)

    def gets_contact(self, who: int) -> None:
        ContactPoint.objects.create(
            customer_id=who, channel="email", address=f"a{next(self.numbers)}@example.com", state="verified",
            confirmed=True, added_at=self.now, changed_at=self.now,
        )  # fmt: skip
        touch([who], TouchTopic.CONTACT)

    def _recount(self, who: int) -> None:
        follow_orders(Order.objects.filter(customer=who).values_list("customer_id", "source", "number"))
        execute(statement("order_figures"), {"ids": [who]})
        touch([who], TouchTopic.ORDERS)


@cache
def fields_with_history() -> st.SearchStrategy[Json]:
    def of(names: list[str], questions: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
        return st.builds(lambda name, asked: {"field": name, **asked}, st.sampled_from(names), questions)

    any_of = ("is_any_of", "is_none_of")
    phases = st.sampled_from(["none", "judging", "verifying", "settled"])
    return st.one_of(
        of(["stage"], st.one_of(*(ask(op, several(STAGES)) for op in any_of))),
        of(["phase"], st.one_of(*(ask(op, several(phases)) for op in any_of))),
        of(["orders", "active_days"], number_questions(NUMBERS)),
        of(["revenue", "aov"], number_questions(MONEY)),
        of(["paying"], ask("equals", st.booleans())),
        of(
            ["stage_since", "last_activity", "first_activity", "last_order", "first_order"],
            instant_questions(),
        ),
    )


@cache
def rules_with_history(segments: tuple[int, ...] = ()) -> st.SearchStrategy[Json]:
    tags = st.builds(
        lambda op, names: {"collection": "tags", "op": op, "value": names},
        st.sampled_from(["has_any_of", "has_all_of", "has_none_of"]),
        several(st.sampled_from(TAGS)),
    )
    every = [fields_with_history(), fields_with_history(), happenings(), tags, mailings()]
    if segments:
        inside = st.sampled_from([{"op": "in"}, {"op": "not_in"}])
        long_in = DAYS.map(lambda n: {"op": "in", "for_days": n})
        every.append(
            st.builds(
                lambda pk, asked: {"segment": pk, **asked},
                st.sampled_from(segments),
                st.one_of(inside, long_in),
            )
        )
    how = st.sampled_from(["all", "any", "none"])
    group = st.builds(lambda h, parts: {h: parts}, how, st.lists(st.one_of(*every), min_size=1, max_size=3))
    return group.map(lambda root: {"version": 1, "root": root})


def lives(data: st.DataObject, shop: Shop) -> None:
    """Something happens to somebody."""
    shop.now += timedelta(seconds=1)
    who = data.draw(st.sampled_from(shop.people))
    what = data.draw(
        st.sampled_from(["event", "event", "order", "order", "after", "after", "tag", "consent", "contact", "new"])
    )  # fmt: skip
    if what == "event":
        shop.does(who, data.draw(st.sampled_from(EVENTS)), data.draw(event_properties()))
    elif what == "order":
        shop.orders(
            who, data.draw(MONEY), data.draw(st.sets(CATEGORIES, max_size=2)), data.draw(st.booleans())
        )
    elif what == "after" and (made := list(Order.objects.order_by("pk"))):
        act = data.draw(st.sampled_from(["pay", "cancel", "refund", "refund"]))
        shop.moves_on(data.draw(st.sampled_from(made)), act, data.draw(st.sampled_from([1, 2])))
    elif what == "tag":
        shop.tags_on(who, data.draw(st.sampled_from(shop.tags)))
    elif what == "consent":
        shop.answers(who, data.draw(st.sampled_from(["news", "care"])), data.draw(st.booleans()))
    elif what == "contact":
        shop.gets_contact(who)
    elif what == "new":
        shop.arrives()


@pytest.mark.timeout(300)
@profile(10)
@given(data=st.data())
def test_what_a_segment_held_then_is_what_the_backtest_says_later(data: st.DataObject) -> None:
    """Both physical forms; orders cancelled and refunded later, tags, consents, segments in segments."""
    shop = Shop()
    for _ in range(3):
        shop.arrives()
    made = [create_segment(name="S0", rule=data.draw(rules_with_history()), by=None, means_everyone=True)]
    inner = (made[0].pk,)
    for number in range(1, 4):
        raw = data.draw(rules_with_history(inner))
        made.append(create_segment(name=f"S{number}", rule=raw, by=None, means_everyone=True))
    shop.now += timedelta(seconds=1)
    rebuild_waiting(shop.now)
    live: list[tuple[datetime, dict[int, set[int]]]] = []
    for _ in range(data.draw(st.integers(2, 4))):
        for _ in range(data.draw(st.integers(1, 4))):
            lives(data, shop)
        shop.now += data.draw(STEPS)
        done = refresh(shop.now)
        assert done is not None
        assert done.failed == ()
        held = {one.pk: set[int]() for one in made}
        for segment, who in Membership.objects.values_list("segment_id", "customer_id"):
            held[segment].add(who)
        live.append((shop.now, held))
    for at, held in live:
        for one in made:
            asked = parse(one.rule)
            for everybody in (True, False):
                as_of = AsOf(at, everybody=everybody, past=True)
                assert set(asked.customers(as_of).values_list("pk", flat=True)) == held[one.pk], (
                    one.rule,
                    at,
                )


@pytest.mark.timeout(300)
@profile(15)
@given(data=st.data())
def test_the_answer_turns_at_the_instant_foretold_and_never_before(data: st.DataObject) -> None:
    """Nothing but time happens; stages are moved by the clock that moves them."""
    shop = Shop()
    for _ in range(2):
        shop.arrives()
    for _ in range(data.draw(st.integers(0, 5))):
        shop.now += data.draw(STEPS)
        lives(data, shop)
    shop.now += data.draw(STEPS)
    move_stages(shop.now)
    foretold = []
    for _ in range(4):
        made = parse(data.draw(rules_with_history()))
        who = data.draw(st.sampled_from(shop.people))
        matches = made.customers(AsOf(shop.now)).filter(pk=who).exists()
        turn = next_turn(made, who, AsOf(shop.now, everybody=False), matches)
        foretold.append((made, who, matches, turn))
    moments = {shop.now + data.draw(STEPS) for _ in range(3)} | {shop.now + timedelta(days=500)}
    for *_rest, turn in foretold:
        moments |= {turn.at, turn.at - JUST_AFTER} if turn.at else set()
    for moment in sorted(moments):
        move_stages(moment)
        for made, who, matches, turn in foretold:
            if turn.at is None or moment <= turn.at:
                says = made.customers(AsOf(moment)).filter(pk=who).exists()
                assert says == (matches if moment != turn.at else not matches), (made.write(), moment, turn)


def then(asked: dict[str, Any], at: datetime) -> set[int]:
    return set(parse(asked).customers(AsOf(at, past=True)).values_list("pk", flat=True))


def test_who_was_not_known_yet_is_not_selected() -> None:
    old, new = customer(first_seen_at=ago(days=50)), customer(first_seen_at=ago(days=10))
    early = customer(first_seen_at=ago(days=10), first_activity_at=ago(days=40))
    everyone = {"version": 1, "root": {"all": [{"everyone": True}]}}
    assert then(everyone, ago(days=30)) == {old.pk, early.pk}
    assert then(everyone, ago(days=5)) == {old.pk, early.pk, new.pk}


def test_what_came_late_counts_as_if_it_had_been_known() -> None:
    """The one difference to what was believed then: definitions say occurred, not received."""
    who = customer(first_seen_at=ago(days=50))
    event(who, "Product Viewed", ago(days=20), properties={})
    Event.objects.filter(customer=who).update(received_at=clock.now())
    viewed = rule({"event": "Product Viewed", "op": "did", "in_last_days": 30})
    assert then(viewed, ago(days=10)) == {who.pk}
    assert then(viewed, ago(days=25)) == set()


def test_fields_without_a_history_are_named_in_words() -> None:
    asked = parse(
        rule(
            {"field": "city", "op": "is_known"},
            {"field": "stage", "op": "is_any_of", "value": ["active"]},
            {"field": "churn_risk", "op": "at_least", "value": 50},
            {"attribute": "taste", "op": "is_known"},
            {"collection": "tags", "op": "has_any_of", "value": ["VIP"]},
            {"collection": "interests", "op": "has_any_of", "value": ["VIP"]},
            {"may_receive": "email", "topic": "news"},
            {"happened": "orders", "op": "did"},
            {"field": "city", "op": "equals", "value": "Suzhou"},
        )
    )
    assert asked.of_today(Words()) == [
        "city",
        "churn risk (%)",
        "taste",
        "tags: what was taken off since is not known",
        "interests",
        "E-mail contacts: whether one can be used is as today",
    ]


def test_a_tag_counts_from_the_day_it_was_put_on() -> None:
    who = customer(first_seen_at=ago(days=50))
    tagged(who, "VIP")
    CustomerTag.objects.update(tagged_at=ago(days=10))
    has = rule({"collection": "tags", "op": "has_any_of", "value": ["VIP"]})
    assert then(has, ago(days=11)) == set()
    assert then(has, ago(days=9)) == {who.pk}


def test_an_order_given_back_since_counted_then_with_all_it_brought() -> None:
    who = customer(first_seen_at=ago(days=90))
    made = order(who, ago(days=60), 10_000)
    Refund.objects.create(
        customer=who, source="shop", number=made.number, refund_id="r", refunded_at=ago(days=30),
        confirmed=True, amount=10_000, net=10_000,
    )  # fmt: skip
    Order.objects.filter(customer=who).update(refunded=10_000, net=0, counts=False)
    spent = rule({"field": "revenue", "op": "at_least", "value": 10_000})
    bought = rule({"happened": "orders", "op": "total", "of": "net", "at_least": 10_000})
    for asked in (spent, bought):
        assert then(asked, ago(days=59)) == {who.pk}
        assert then(asked, ago(days=29)) == set()
    assert fetch("SELECT count(*) FROM users_order WHERE counts") == [(0,)]


def test_every_field_answers_about_the_past_or_says_that_it_cannot() -> None:
    at = AsOf(ago(days=30), past=True)
    for field in registry.fields:
        of_then = field.then(at)
        assert (of_then is field) == (field.past is None)
        if field.past is not None:
            list(Customer.objects.annotate(asked_value=of_then.x).values("asked_value")[:1])
        else:
            assert field.of_today == str(field.label)
    for collection in registry.collections:
        assert not Customer.objects.filter(collection.holds(["nothing"], at)).exists()
    for source in registry.sources:
        name = "Product Viewed" if source.name == "events" else None
        list(source.rows(at, name)[:1])
