"""Everything the customer page reads about one customer; each query is a look-up by the customer's key."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.kit import words
from config.kit.currencies import minor_digits
from users import shop
from users.models import (
    Consent,
    ContactPoint,
    CustomerTag,
    Event,
    Identity,
    Order,
    OrderLine,
    Refund,
    Stage,
    StageMove,
)
from users.money import is_currency
from users.order_sources import source_names
from users.sentences import sentence, symbol
from users.services.stages import stage_key

MOVES_SHOWN = 80
EVENTS_SHOWN = 30
ORDERS_SHOWN = 20
ANSWERS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time spent in one stage."""

    stage: str
    began: datetime
    ended: datetime | None
    cause: str
    rule_version: int = 0
    superseded_at: datetime | None = None

    @property
    def length(self) -> timedelta | None:
        """How long it lasted; None while it lasts."""
        return self.ended - self.began if self.ended else None


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch as it is drawn: place and width in per cent, as plain decimals."""

    stage: str
    x: str
    width: str
    title: str


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the timeline."""

    at: datetime
    symbol: str
    sentence: str
    category: str
    amount: int | None
    currency: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class OrderShown:
    """An order with its lines and refunds."""

    order: Order
    lines: Sequence[OrderLine]
    refunds: Sequence[Refund]
    source: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """One page of the timeline; ``older`` is the cursor of the next one, "" at the end."""

    happenings: Sequence[Happening]
    older: str


def stage_history(customer_id: int) -> tuple[list[Stretch], list[Stretch]]:
    """The stages gone through, oldest first; and what was believed for a while and turned out not to have been."""
    told = list(
        StageMove.objects.filter(customer_id=customer_id).order_by("-at", "-noticed_at")[:MOVES_SHOWN]
    )
    moves = [move for move in reversed(told) if move.superseded_at is None]
    ends = [*(move.at for move in moves[1:]), None]
    believed = [_stretch(move, None) for move in told if move.superseded_at]
    return [_stretch(move, end) for move, end in zip(moves, ends[: len(moves)], strict=True)], believed


def _stretch(move: StageMove, ended: datetime | None) -> Stretch:
    return Stretch(move.to_stage, move.at, ended, move.cause, move.rule_version, move.superseded_at)


def strip(stages: Sequence[Stretch], now: datetime) -> list[Bar]:
    """The stretches as bars side by side over a width of 100, none too thin to be seen."""
    if not stages:
        return []
    whole = max(now - stages[0].began, timedelta(minutes=1))
    shares = [max(1.0, 100 * (((s.ended or now) - s.began) / whole)) for s in stages]
    scale = 100 / sum(shares)
    bars, x = [], 0.0
    for stretch, share in zip(stages, shares, strict=True):
        title = f"{Stage(stretch.stage).label} · {words.day(stretch.began)}"
        bars.append(Bar(stretch.stage, f"{x:.2f}", f"{share * scale:.2f}", title))
        x += share * scale
    return bars


def timeline(customer_id: int, before: datetime | None = None) -> Timeline:
    """What happened, newest first; events of the same instant stay together on a page.

    Without the moves that a late event showed never to have been, as in ``stage_history``.
    """
    untrue = StageMove.objects.filter(customer_id=customer_id, superseded_at__isnull=False)
    keys = [stage_key(at, stage) for at, stage in untrue.values_list("at", "to_stage")]
    rows = Event.objects.filter(customer_id=customer_id).exclude(message_id__in=keys)
    if before is not None:
        rows = rows.filter(occurred_at__lt=before)
    events = list(rows.select_related("type").order_by("-occurred_at")[: EVENTS_SHOWN + 1])
    shown = events[:EVENTS_SHOWN]
    older = shown[-1].occurred_at.isoformat() if len(events) > EVENTS_SHOWN else ""
    return Timeline([_happening(event, event.type.name) for event in shown], older)


def orders(customer_id: int) -> list[OrderShown]:
    """The last orders with lines and refunds, newest first."""
    found = list(Order.objects.filter(customer_id=customer_id).order_by("-ordered_at")[:ORDERS_SHOWN])
    numbers = [order.number for order in found]
    lines, refunds = defaultdict(list), defaultdict(list)
    for line in OrderLine.objects.filter(customer_id=customer_id, number__in=numbers).order_by("line"):
        lines[line.source, line.number].append(line)
    for refund in Refund.objects.filter(customer_id=customer_id, number__in=numbers).order_by("refunded_at"):
        refunds[refund.source, refund.number].append(refund)
    names = source_names(order.source for order in found)
    return [
        OrderShown(o, lines[o.source, o.number], refunds[o.source, o.number], names[o.source]) for o in found
    ]


def identities(customer_id: int) -> list[Identity]:
    """How the customer is recognised; other records' anonymous ids last."""
    return list(Identity.objects.filter(customer_id=customer_id).order_by("-kind", "since")[:30])


def contacts(customer_id: int) -> list[ContactPoint]:
    """Where messages can go."""
    return list(ContactPoint.objects.filter(customer_id=customer_id).order_by("channel", "address"))


def ledger(customer_id: int) -> list[Consent]:
    """Every answer ever given, the latest first; those in force are marked."""
    said = Consent.objects.select_related("topic").filter(customer_id=customer_id)
    return list(said.order_by("-given_at", "channel", "topic__name")[:ANSWERS_SHOWN])


def tags(customer_id: int) -> list[CustomerTag]:
    """Tags by name."""
    return list(
        CustomerTag.objects.select_related("tag").filter(customer_id=customer_id).order_by("tag__name")
    )


def _happening(event: Event, name: str) -> Happening:
    told = event.properties.get("currency")
    currency = told.upper() if isinstance(told, str) and is_currency(told.upper()) else shop.currency.get()
    worth = None if event.value is None else event.value.scaleb(minor_digits(currency))
    return Happening(
        at=event.occurred_at,
        symbol=symbol(name),
        sentence=sentence(name, event.properties),
        category=event.category or "",
        amount=None if worth is None else round(worth),
        currency=currency,
        confirmed=event.confirmed,
    )
