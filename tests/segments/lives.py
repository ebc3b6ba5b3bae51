"""Lives lived through the real services: what a shop's customers, operators and clocks do, at random.

Nothing here writes a table or touches anybody itself, so a service that forgets to touch is found out.
"""

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from campaigns.models import Delivery, DeliveryState, Link
from campaigns.services import campaigns, receipts
from campaigns.services.dispatch import dispatch
from campaigns.services.finish import finish_runs
from campaigns.services.start import start_due
from campaigns.services.unsubscribe import unsubscribe
from config.kit import clock
from config.kit.refusal import Refusal
from feedback.services.conversations import Opening, open_conversation
from growth.services.adjust import adjust
from segments.services import lists
from tests.campaigns.audience import draft
from tests.clock import move
from tests.settling import apply_everything
from tests.sinks import SmtpSink
from tests.users.door import Item, identify, send, track, visit
from users.models import Customer, CustomerTag, ErasedIdentity, Operator, Order, Outbox
from users.services import consent, contact_acts, profile_acts, tags
from users.services.erase import erase
from users.services.joining import join

# A day, a DST night, a month, a year: what carries conditions over their edges.
STEPS = (
    timedelta(seconds=2), timedelta(minutes=5), timedelta(hours=1), timedelta(hours=23), timedelta(days=1),
    timedelta(days=1, hours=1), timedelta(days=6, hours=23, minutes=59), timedelta(days=30), timedelta(days=31),
)  # fmt: skip
# Now, a moment ahead of the clock, late, and so late that it is history.
WHEN = (
    timedelta(0), timedelta(minutes=4), -timedelta(minutes=3), -timedelta(hours=23), -timedelta(days=2),
    -timedelta(days=6, hours=23), -timedelta(days=29, hours=23), -timedelta(days=31), -timedelta(days=200),
)  # fmt: skip
NAMES = ("ann", "ben", "cem", "dua", "eva", "fay")
EVENTS = ("Product Viewed", "Product Added")
CATEGORIES = ("Jazz", "Rock")
TAGS = ("VIP", "Press", "O'Hara")
READERS = (receipts.Visit("GET", "Mozilla/5.0 (X11) Firefox/140.0"), receipts.Visit("GET", "a-mail-scanner"))


@dataclass
class Life:
    """A shop that lives; ``prefix`` keeps its people apart from those of other lives in the same database."""

    luck: random.Random
    by: Operator
    prefix: str
    post: SmtpSink
    numbers: int = 0
    gone: dict[str, int] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    def goes_on(self, acts: int) -> datetime:
        """Time passes, and that many things happen; the new now."""
        move(self.luck.choice(STEPS))
        self._posts()
        for _turn in range(acts):
            act = self.luck.choice(self.ACTS)
            self.done.append(act.__name__)
            try:
                act(self)
            except Refusal as refusal:
                self.done[-1] += f" ({refusal.code})"
        apply_everything()
        # One that failed is tried again seconds later: until then a joined customer's memberships are not moved, and
        # the absorbed one is a member too many. Slow machines run into the time limits of statements.
        failed = list(Outbox.objects.exclude(error="").values_list("handler", "error"))
        assert failed == [], (failed, self.done)
        return clock.now()

    def person(self) -> Customer:
        """Somebody of this life; a new one when all are gone."""
        living = Customer.objects.living().filter(user_id__startswith=self.prefix)
        everybody = list(living.order_by("pk"))
        if not everybody:
            send(identify(at=clock.now(), user=self._number()))
            everybody = list(living.order_by("pk"))
        return self.luck.choice(everybody)

    def _name(self) -> str:
        """One of six at a time; who was erased is not let in again, so another takes the place."""
        name = self.luck.choice(NAMES)
        turn = self.gone.get(name, 0)
        if ErasedIdentity.objects.exists() and self.luck.random() < 0.3:
            self.gone[name] = turn = turn + 1
        return f"{self.prefix}{name}{turn}"

    def _at(self) -> datetime:
        return clock.now() + self.luck.choice(WHEN)

    def _number(self) -> str:
        self.numbers += 1
        return f"{self.prefix}{self.numbers}"

    def _send(self, *items: Item) -> None:
        send(*items, is_history=self.luck.random() < 0.15)

    def comes_by(self) -> None:
        user = f"{self.prefix}new{self._number()}" if self.luck.random() < 0.3 else self._name()
        self._send(identify(at=clock.now(), user=user, city=self.luck.choice(("Suzhou", "Xi'an"))))

    def browses(self) -> None:
        name = self.luck.choice(EVENTS)
        properties = {"category": self.luck.choice(CATEGORIES), "value": self.luck.choice((1, 2, 100))}
        self._send(
            track(name, at=self._at(), user=self._name(), **properties),
            visit(at=self._at(), user=self._name()),
        )

    def orders(self) -> None:
        line = {
            "product_id": "p1",
            "name": "P",
            "category": self.luck.choice(CATEGORIES),
            "price": 10,
            "quantity": 1,
        }
        total = self.luck.choice((1, 10, 300))
        self._send(
            track(
                "Order Completed", at=self._at(), user=self._name(), order_id=self._number(), total=total,
                currency="USD", products=[line],
            )
        )  # fmt: skip

    def is_refunded(self) -> None:
        order = Order.objects.filter(number__startswith=self.prefix).order_by("?").first()
        if order is not None:
            who = Customer.objects.get(pk=order.customer_id)
            self._send(
                track(
                    "Order Refunded", at=clock.now(), user=who.user_id, order_id=order.number,
                    refund_id=self._number(), total=self.luck.choice((1, 10)), currency="USD",
                )
            )  # fmt: skip

    def is_tagged(self) -> None:
        tags.put_on(self.person(), self.luck.choice(TAGS), by=self.by, now=clock.now())

    def is_untagged(self) -> None:
        row = CustomerTag.objects.filter(customer__user_id__startswith=self.prefix).first()
        if row is not None:
            tags.take_off(Customer.objects.get(pk=row.customer_id), row.tag_id, by=self.by)

    def answers(self) -> None:
        consent.answer(
            customer_id=self.person().pk, channel="email", topic=self.luck.choice(("news", "care")),
            granted=self.luck.random() < 0.6, key=self._number(), given_at=clock.now(), source="test",
            now=clock.now(),
        )  # fmt: skip

    def gives_address(self) -> None:
        who = self.person()
        contact_acts.add_by_hand(who, "email", f"{self._number()}@example.com", by=self.by, now=clock.now())

    def gets_points(self) -> None:
        points = self.luck.choice((5, 100, -5))
        adjust(self.person(), points, reason="test", key=self._number(), by=self.by, now=clock.now())

    def complains(self) -> None:
        opening = Opening("Late", "Where is it?", key=uuid.UUID(int=self.luck.getrandbits(128)))
        open_conversation(self.person(), opening, now=clock.now())

    def moves_house(self) -> None:
        city = self.luck.choice(("Suzhou", "Xi'an", ""))
        profile_acts.edit(self.person(), {"city": city}, by=self.by, now=clock.now())

    def is_written_to(self) -> None:
        """A campaign to two people of whom one can mostly be reached; the post may refuse or be out of order."""
        who, other = self.person(), self.person()
        contact_acts.add_by_hand(who, "email", f"{self._number()}@example.com", by=self.by, now=clock.now())
        consent.answer(
            customer_id=who.pk, channel="email", topic="news", granted=True, key=self._number(),
            given_at=clock.now(), source="test", now=clock.now(),
        )  # fmt: skip
        named = lists.create_list(name=self._number(), by=self.by)
        lists.change(named, [who.pk, other.pk], "add", by=self.by)
        self.post.answer = self.luck.choice(("250 OK", "250 OK", "250 OK", "550 no such box", "451 not now"))
        written = draft(named, self._number(), holdout_percent=self.luck.choice((0, 0, 50)))
        campaigns.start(written.pk, by=self.by, now=clock.now())
        self._posts()

    def _posts(self) -> None:
        """What the worker does for campaigns."""
        start_due(clock.now())
        dispatch(seconds=5)
        finish_runs(clock.now())

    def reads(self) -> None:
        """Somebody, or some program, looks at a message, follows its link or takes the way out."""
        sent = Delivery.objects.filter(
            state=DeliveryState.SENT, customer__user_id__startswith=self.prefix, customer__erased_at=None
        )
        letters = list(sent.select_related("step__campaign").order_by("settled_at", "customer_id"))
        if not letters:
            return
        letter, reader = self.luck.choice(letters), self.luck.choice((*READERS, READERS[0]))
        receipts.note_open(letter, reader, clock.now())
        link = Link.objects.filter(step=letter.step_id).first()
        if link is not None and self.luck.random() < 0.5:
            receipts.note_click(letter, link, reader, clock.now())
        elif self.luck.random() < 0.2:
            unsubscribe(letter, ip=None, now=clock.now())

    def is_erased(self) -> None:
        erase(self.person().pk, by=self.by, now=clock.now())

    def is_joined(self) -> None:
        one, other = self.person(), self.person()
        if one.pk != other.pk:
            join(one.pk, other.pk, now=clock.now(), cause="hand")

    ACTS: tuple[Callable[["Life"], None], ...] = (
        comes_by, comes_by, browses, browses, browses, orders, orders, is_refunded, is_tagged, is_untagged,
        answers, gives_address, gets_points, complains, moves_house, is_written_to, is_written_to, reads, reads,
        reads, is_erased, is_joined,
    )  # fmt: skip
