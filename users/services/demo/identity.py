"""How the demo's people are recognised and reached beyond their mail: openids, phones, devices, attributes, answers.

All invented; the phone numbers are of the kind that is given to nobody (555-01xx). What the shop's back end
knows goes through the front door as history; what people answered on paper and what waits for a confirmation
is put into the ledger as the services do it.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from django.db import transaction

from config.kit.batches import execute
from users.demo import Progress
from users.models import AttributeDefinition, Channel, Customer, Topic
from users.reports import reach
from users.services import attributes, consent, contact_acts, opt_in, stages
from users.services.demo.catalogue import ARTISTS
from users.services.demo.door import front_door
from users.services.demo.instants import iso
from users.services.demo.storytelling import Call
from users.services.intake import apply_waiting

EVERY = 3
"""One customer in so many is known by more than a mail."""
MOST = 3_000
AREAS = (
    "202",
    "206",
    "212",
    "213",
    "215",
    "216",
    "303",
    "305",
    "312",
    "313",
    "404",
    "415",
    "503",
    "512",
    "602",
)
PHONES = len(AREAS) * 100
PLAYERS = ("Belt drive", "Direct drive", "None yet")
FORMATS = ("LP", "7-inch single", "CD")
SIZES = ("S", "M", "L", "XL")
DECLINE_PROFILING = 0.03
TITLES = {
    "recordPlayer": ("Record player", "唱机"),
    "recordsOwned": ("Records owned", "收藏唱片数"),
    "collectsSince": ("Collects since", "开始收藏的日期"),
    "clubMember": ("Member of the record club", "唱片俱乐部会员"),
    "favouriteArtist": ("Favourite artist", "最喜欢的音乐人"),
    "preferredFormats": ("Preferred formats", "偏好的介质"),
    "shirtSize": ("Shirt size", "T 恤尺码"),
    "newsletterAsText": ("Newsletter as plain text", "纯文本邮件"),
}
"""What the shop calls its attributes, in English and in Chinese."""
PAPER_WORDING = "demo-paper-1"
PAPER_ANSWERS = 240
ASKED_BACK = 40
SUBSCRIBED = 40


def load_identity(now: datetime, progress: Progress) -> None:
    """Tell more of every third customer; then answers, states and what waits. Repeatable."""
    known = Customer.objects.known().filter(user_id__startswith="cd-").order_by("pk")
    people = list(known.values_list("pk", "user_id")[: MOST * EVERY])[::EVERY]
    with front_door() as door:
        door.hand_in_all(_calls([user_id for _pk, user_id in people if user_id], now), history=True)
    while apply_waiting(50).bodies:
        progress(1, 3)
    ids = [pk for pk, _user_id in people]
    _set_states(now)
    _subscribe(ids[-SUBSCRIBED:], now)
    _answer_on_paper(ids[:PAPER_ANSWERS], now)
    progress(2, 3)
    _ask_back(now)
    attributes.discover_all(now)
    attributes.count(now)
    _name_attributes()
    reach.compute(now)


def _calls(user_ids: list[str], now: datetime) -> Iterator[Call]:
    for position, user_id in enumerate(user_ids):
        random = Random(f"identity {user_id}")
        traits: dict[str, object] = {
            "recordPlayer": random.choice(PLAYERS),
            "recordsOwned": random.randint(0, 400),
            "collectsSince": f"{random.randint(1975, 2024)}-01-01",
            "clubMember": random.random() < 0.2,
            **_tastes(user_id),
        }
        if random.random() < 0.5:
            traits |= {"wechatOpenid": f"demo-openid-{user_id}", "wechatUnionid": f"demo-unionid-{user_id}"}
        if random.random() < 0.1:
            traits["weiboUid"] = f"demo-weibo-{user_id}"
        if position < PHONES and random.random() < 0.5:
            traits["phone"] = f"+1 {AREAS[position // 100]} 555 01{position % 100:02}"
        call: Call = {
            "type": "identify",
            "userId": user_id,
            "messageId": f"demo-identity-{user_id}",
            "timestamp": iso(now - timedelta(days=2, minutes=position)),
            "traits": traits,
        }
        if random.random() < 0.3:
            call["context"] = {
                "device": {"type": random.choice(("ios", "android")), "token": f"demo-token-{user_id}"}
            }
        yield call


def _tastes(user_id: str) -> dict[str, object]:
    """What about every third of them once answered about themselves; a few want no profile made of them."""
    random = Random(f"tastes {user_id}")
    declines: dict[str, object] = {"noProfiling": True} if random.random() < DECLINE_PROFILING else {}
    if random.random() > 1 / 3:
        return declines
    return declines | {
        "favouriteArtist": random.choice(ARTISTS),
        "preferredFormats": random.sample(FORMATS, random.choice((1, 1, 2))),
        "shirtSize": random.choice(SIZES),
        "newsletterAsText": random.random() < 0.25,
    }


def _name_attributes() -> None:
    for name, (label, label_zh) in TITLES.items():
        unnamed = AttributeDefinition.objects.filter(name=name, label="", label_zh="")
        unnamed.update(label=label, label_zh=label_zh)


@transaction.atomic
def _set_states(now: datetime) -> None:
    """Most mail addresses have been written to before: some are verified, a few bounce, a few are blocked."""
    execute(
        """
        WITH drawn AS (
            SELECT id AS customer_id, abs(hashtext(user_id)::bigint) AS lot
            FROM users_customer WHERE user_id IS NOT NULL
        ),
        changed AS (
            UPDATE users_contactpoint point SET changed_at = %s, state = CASE
                WHEN lot %% 97 = 0 THEN 'blocked' WHEN lot %% 41 = 0 THEN 'bouncing' ELSE 'verified' END
            FROM drawn
            WHERE drawn.customer_id = point.customer_id
              AND channel = 'email' AND state = 'unverified'
              AND (lot %% 97 = 0 OR lot %% 41 = 0 OR lot %% 5 < 2)
            RETURNING point.customer_id
        )
        INSERT INTO users_touched (customer_id, topic) SELECT customer_id, 'contact' FROM changed
        """,
        [now],
    )


def _subscribe(ids: list[int], now: datetime) -> None:
    """Browsers that take web push, at a service that does not exist."""
    for pk in ids:
        keys = {"p256dh": f"demo-key-of-{pk}", "auth": f"demo-{pk}"}
        contact_acts.add(pk, Channel.WEB_PUSH, f"https://push.example/{pk}", now=now, details=keys)


@transaction.atomic
def _answer_on_paper(ids: list[int], now: datetime) -> None:
    """What people signed in the store: text messages and WeChat."""
    random = Random("paper")
    stages.lock(ids)
    consent.answer_many(
        (
            consent.Answer(
                customer_id=pk,
                key=f"demo-paper:{channel}",
                channel=channel,
                topic="news",
                granted=random.random() < 0.8,
                given_at=now - timedelta(days=random.randint(5, 300)),
                source="paper",
                wording=PAPER_WORDING,
                evidence=f"Demo folder {number // 20 + 1}, sheet {number % 20 + 1}",
            )
            for number, pk in enumerate(ids)
            for channel in (Channel.SMS.value, Channel.WECHAT.value)
        ),
        now,
    )


@transaction.atomic
def _ask_back(now: datetime) -> None:
    """Tips and care are asked back by mail; some who ticked the box have not confirmed yet."""
    Topic.objects.filter(slug="care").update(double_opt_in=True)
    waiting = list(
        Customer.objects.known()
        .filter(user_id__startswith="cd-04", contact_points__channel=Channel.EMAIL)
        .exclude(contact_points__state__in=("bouncing", "blocked"))
        .order_by("pk")
        .values_list("pk", "contact_points__address")[:ASKED_BACK]
    )
    stages.lock([pk for pk, _address in waiting])
    opt_in.ask_many(
        (
            opt_in.Request(pk, f"demo-form:{pk}", "care", address, "form", "demo-form-1")
            for pk, address in waiting
        ),
        now,
    )
