"""Points in the demo shop: past orders awarded on purpose, check-ins and spendings invented around them."""

from datetime import datetime, timedelta
from random import Random

from django.utils.translation import gettext_noop

from config.kit.refusal import Conflict
from growth.models import CheckIn
from growth.services import backfill, books, ripen
from growth.services.check_in import check_in
from growth.services.spend import spend
from users.demo import DemoDay, DemoPart, Progress, demo_days, demo_parts
from users.models import Customer
from users.services.jobs import run_slot

AWARDED_DAYS = 400
REGULARS = 25
SPENDERS = 120
STREAK_DAYS = 8
SLOT_SECONDS = 30
CHECK_INS_A_SLOT = 0.4


def load(now: datetime, progress: Progress) -> None:
    """Award the orders of about a year, let time do its work, then invent check-ins and spendings."""
    progress(0, 10)
    for _awarded in backfill.award(since=now - timedelta(days=AWARDED_DAYS), until=now):
        progress(3, 10)
    while ripen.mature(now):
        progress(6, 10)
    while ripen.expire(now):
        progress(7, 10)
    if not CheckIn.objects.exists():
        random, people = Random("points"), _lately_active(now, REGULARS + SPENDERS)
        _invent_spendings(people[REGULARS:], now, random)
        progress(8, 10)
        _invent_streaks(people[:REGULARS], now, random)
    run_slot("growth.check_books", lambda _now: books.check(), slot_seconds=3600)
    progress(10, 10)


def live(now: datetime) -> None:
    """Now and then somebody who was here lately checks in; the slot decides who, so twice is once."""
    random = Random(f"check-in {int(now.timestamp() // SLOT_SECONDS)}")
    if random.random() < CHECK_INS_A_SLOT and (people := _lately_active(now, REGULARS)):
        check_in(random.choice(people), now=now)


def _lately_active(now: datetime, most: int) -> list[Customer]:
    known = Customer.objects.known().filter(is_invented=True, standing__last_activity_at__lte=now)
    return list(known.order_by("-standing__last_activity_at", "pk")[:most])


def _invent_streaks(people: list[Customer], now: datetime, random: Random) -> None:
    for customer in people:
        for back in range(random.randint(1, STREAK_DAYS), 0, -1):
            if random.random() < 0.9:
                check_in(customer, now=now - timedelta(days=back, minutes=random.randint(1, 600)))


def _invent_spendings(people: list[Customer], now: datetime, random: Random) -> None:
    for customer in people:
        at = now - timedelta(days=random.randint(0, 28), minutes=random.randint(1, 600))
        points, key = random.choice((5, 10, 20)), f"demo:spend:{customer.pk}"
        try:
            spend(customer.pk, points, key=key, now=at, note="Invented for the demo")
        except Conflict:
            continue  # has fewer points than the invented voucher costs


demo_parts.register("growth", DemoPart("growth", gettext_noop("Giving points"), 50, load))
demo_days.register("growth", DemoDay("growth", live))
