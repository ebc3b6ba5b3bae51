"""What campaigns, growth and feedback do to the fields that they lend (see ``writers``)."""

from datetime import timedelta
from typing import Any

from campaigns.models import Batch, Campaign, Delivery, Link
from campaigns.services import attribution, campaigns, service_message
from campaigns.services.dispatch import dispatch, free_dead_leases
from campaigns.services.finish import finish_runs
from campaigns.services.plan import preview
from campaigns.services.receipts import Visit, note_click, note_open
from campaigns.services.start import start_due
from campaigns.services.unsubscribe import unsubscribe
from config.kit import clock
from growth.models import Level
from growth.services import adjust, levels, ripen, setup
from growth.services.check_in import check_in
from growth.services.earn import Earning, earn, take_back
from growth.services.spend import spend
from tests.campaigns.audience import customers, draft, segment_of
from tests.clock import move
from tests.operators import operator
from tests.segments.acts import DAY, Act, field, happened, has
from users.models import Customer, Order
from users.services import preferences
from users.services.preferences import Wish

READER = Visit("GET", "Mozilla/5.0 (iPhone) Safari/604.1")
people: dict[str, int] = {}


# --- Campaigns ----------------------------------------------------------------------------------------------


def audience() -> None:
    """Two who may be mailed, one who refused, one without an address."""
    people["mia"], people["max"] = customers(2)
    (people["una"],) = customers(1, consent=False)
    (people["ned"],) = customers(1, contact=False)
    Customer.objects.filter(pk=people["mia"]).update(user_id="mia")
    draft(segment_of(list(people.values()), "Mailed"), "Spring")


def plan() -> None:
    campaigns.start(Campaign.objects.get(name="Spring").pk, by=None, now=clock.now())
    start_due(clock.now())


def dispatch_all() -> None:
    dispatch()
    finish_runs(clock.now())


def hold_everybody_out() -> None:
    (people["hal"],) = customers(1)
    campaign = draft(segment_of([people["hal"]], "Held"), "Held out", holdout_percent=90)
    for salt in range(50):  # until the hash says so: of ten, nine do
        campaign.salt = f"{salt}"
        campaign.save()
        if preview(campaign, clock.now()).losses.get("held_out"):
            break


def start_held() -> None:
    campaigns.start(Campaign.objects.get(name="Held out").pk, by=None, now=clock.now())
    start_due(clock.now())


def mail_of(name: str) -> Delivery:
    return Delivery.objects.select_related("step__campaign__topic", "customer").get(
        customer_id=people[name], step__campaign__name="Spring"
    )


def open_it() -> None:
    note_open(mail_of("mia"), READER, clock.now())


def click_it() -> None:
    delivery = mail_of("mia")
    link = Link.objects.filter(step=delivery.step_id).first()
    assert link is not None
    note_click(delivery, link, READER, clock.now())


def take_the_way_out() -> None:
    unsubscribe(mail_of("max"), ip=None, now=clock.now())


def order_made() -> None:
    now = move(timedelta(minutes=1))
    Order.objects.create(
        customer_id=people["mia"],
        source="shop",
        number="M1",
        ordered_at=now,
        paid_at=now,
        confirmed=True,
        currency="USD",
        total=3000,
        net=3000,
        counts=True,
    )


def credit() -> None:
    at = Order.objects.get(number="M1").ordered_at
    attribution.note_conversion(people["mia"], "order_paid", "m1", at)
    attribution.credit_order(people["mia"], "shop", "M1", at, at)


def cancel_waiting() -> None:
    campaign = Campaign.objects.get(name="Cancelled")
    campaigns.cancel(campaign.pk, by=None)
    finish_runs(clock.now())


def plan_to_cancel() -> None:
    (people["cat"],) = customers(1)
    campaign = draft(segment_of([people["cat"]], "To cancel"), "Cancelled")
    campaigns.start(campaign.pk, by=None, now=clock.now())
    start_due(clock.now())


def refuse_before_claim() -> None:
    preferences.change(
        people["rex"], Wish(key="r", source="page", answers={("news", "email"): False}), now=clock.now()
    )
    dispatch()


def plan_for_rex() -> None:
    (people["rex"],) = customers(1)
    campaign = draft(segment_of([people["rex"]], "Rex"), "For Rex")
    campaigns.start(campaign.pk, by=None, now=clock.now())
    start_due(clock.now())


def plan_for_dan() -> None:
    """A message under way whose dispatcher died."""
    (people["dan"],) = customers(1)
    campaign = draft(segment_of([people["dan"]], "Dan"), "For Dan")
    campaigns.start(campaign.pk, by=None, now=clock.now())
    start_due(clock.now())
    Batch.objects.filter(run__campaign=campaign).update(
        state="leased", attempt=1, lease_until=clock.lease_now() - DAY
    )
    Delivery.objects.filter(customer_id=people["dan"]).update(
        state="sending", attempts=1, claimed_at=clock.now()
    )


def answer_without_address() -> None:
    service_message.queue(
        customer_id=people["ned"], kind="feedback.reply", key="k", subject="s", body="b", now=clock.now()
    )


CAMPAIGNS = (
    Act(
        "a plan leaves out those who did not agree or cannot be reached",
        plan,
        (
            happened("messages_skipped", reason=["no_consent"]),
            happened("messages_skipped", reason=["unreachable"]),
            happened("messages_skipped", purpose=["marketing"], topic=["news"]),
        ),
        prepare=audience,
    ),
    Act(
        "a dispatch",
        dispatch_all,
        (
            happened("messages", channel=["email"], topic=["news"], purpose=["marketing"], occasion="run"),
            field("last_message", "in_last_days", 1),
            field("open_share", "at_most", 0),
            field("click_share", "at_most", 0),
        ),
    ),
    Act("an opening", open_it, (happened("message_opens"), field("open_share", "at_least", 100))),
    Act(
        "a click",
        click_it,
        (happened("message_clicks", link="https://shop.example/new"), field("click_share", "at_least", 100)),
    ),
    Act(
        "the way out",
        take_the_way_out,
        (
            happened("message_unsubscribes", channel=["email"]),
            happened("message_reports", kind=["unsubscribed"]),
            has("refused", "email:news"),
        ),
    ),
    Act(
        "an order is credited",
        credit,
        (
            happened("conversions", held_out=False),
            happened("credited_orders", touch=["clicked"]),
            {"happened": "credited_orders", "op": "total", "of": "net", "at_least": 3000},
        ),
        prepare=order_made,
    ),
    Act("a campaign that holds out", start_held, (happened("held_out"),), prepare=hold_everybody_out),
    Act(
        "a campaign is cancelled",
        cancel_waiting,
        (happened("messages_skipped", reason=["cancelled"]),),
        prepare=plan_to_cancel,
    ),
    Act(
        "a refusal before the claim",
        refuse_before_claim,
        (happened("messages_skipped", 1, reason=["no_consent"], purpose=["marketing"]),),
        prepare=plan_for_rex,
    ),
    Act("a dispatcher died", free_dead_leases, (happened("messages_failed"),), prepare=plan_for_dan),
    Act(
        "an answer to somebody without an address",
        answer_without_address,
        (happened("messages_skipped", purpose=["service"]),),
    ),
)

# --- Growth -------------------------------------------------------------------------------------------------


def member() -> None:
    people["gus"], people["gil"] = customers(2)


def earn_points() -> None:
    now = clock.now()
    earn([Earning(people["gus"], "shop", "G1", 150, 15_000, now, now + 7 * DAY)])


def mature() -> None:
    move(7 * DAY)
    ripen.mature(clock.now())


def spend_points() -> None:
    spend(people["gus"], 30, key="s", now=clock.now())


def give_back() -> None:
    take_back(people["gus"], source="shop", number="G1", net_after=0, key="r", now=clock.now())


def correct() -> None:
    gil = Customer.objects.get(pk=people["gil"])
    adjust.adjust(gil, 40, reason="Sorry", key="1", by=operator(), now=clock.now())


def expire() -> None:
    move(366 * DAY)
    ripen.expire(clock.now())


def judge() -> None:
    for _period in range(2):
        move(366 * DAY)
        levels.judge(clock.now())


def change_ladder() -> None:
    level = Level.objects.filter(threshold__gt=0).order_by("threshold").first()
    assert level is not None
    level.threshold -= 1
    setup.save_level(level, by=operator())


def check_in_twice() -> None:
    gil = Customer.objects.get(pk=people["gil"])
    check_in(gil, now=clock.now())
    move(DAY)
    check_in(gil, now=clock.now())


def points(of: str, **bounds: Any) -> dict[str, Any]:
    return {"happened": of, "op": "total", "of": "points", **bounds}


def growth() -> tuple[Act, ...]:
    """What growth does; asked for when the ladder is there."""
    return (*_points(), *_steps())


def _points() -> tuple[Act, ...]:
    lowest = str(Level.objects.order_by("threshold").values_list("pk", flat=True)[0])
    return (
        Act(
            "points for an order",
            earn_points,
            (
                field("points_pending", "at_least", 150),
                points("points_earned", at_least=150),
                happened("points_earned", kind=["earn"]),
                {
                    "happened": "points_maturing",
                    "op": "total",
                    "of": "points",
                    "at_least": 150,
                    "in_next_days": 10,
                },
            ),
            prepare=member,
        ),
        Act(
            "the return window passes",
            mature,
            (
                field("points_balance", "at_least", 150),
                field("growth_value", "at_least", 150),
                field("level", "is_none_of", [lowest]),
                field("level_since", "in_last_days", 1),
                field("level_judged", "in_next_days", 400),
                field("to_next_level", "equals", 350),
                happened("growth"),
                happened("level_moves", direction=["up"]),
                {
                    "happened": "points_expiring",
                    "op": "total",
                    "of": "points",
                    "at_least": 150,
                    "in_next_days": 400,
                },
            ),
        ),
        Act(
            "points are spent",
            spend_points,
            (points("points_spent", at_least=30), field("points_balance", "at_least", 150)),
        ),
        Act(
            "an order is refunded",
            give_back,
            (
                happened("points_taken", kind=["take_back"]),
                field("points_owed", "at_least", 1),
                field("growth_value", "at_least", 1),
            ),
        ),
        Act(
            "an operator corrects points",
            correct,
            (happened("points_earned", kind=["adjust"]), field("points_balance", "at_least", 40)),
        ),
    )


def _steps() -> tuple[Act, ...]:
    return (
        Act("a step of the ladder is moved", change_ladder, (field("to_next_level", "in_range", [99, 99]),)),
        Act(
            "check-ins",
            check_in_twice,
            (
                field("last_check_in", "in_last_days", 2),
                field("check_in_streak", "equals", 2),
                field("current_streak", "equals", 2),
                field("longest_streak", "equals", 2),
                field("check_in_days", "equals", 2),
                happened("check_ins", streak=2),
            ),
        ),
        Act("points expire", expire, (points("points_expired", at_least=1),)),
        Act("levels are judged", judge, (happened("level_moves", direction=["down"]),)),
    )
