"""The demo shop's conversations: invented, labelled, in both languages, and not again on a second load."""

from datetime import timedelta

import pytest

from config.kit import clock
from feedback import demo_parts
from feedback.demo_words import LABEL
from feedback.models import Conversation, Message
from tests.feedback.conftest import make_customer
from users.models import Standing

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(susan):
    now = clock.now()
    for n in range(6):
        customer = make_customer(f"c{n}", is_invented=True, language="zh-CN" if n % 2 else "en")
        Standing.objects.create(customer=customer, last_activity_at=now - timedelta(hours=n))


def test_loading_twice_is_loading_once(people):
    done: list[int] = []
    for _ in range(2):
        demo_parts.load(clock.now(), lambda at, total: done.append(at))
    assert Conversation.objects.count() == demo_parts.CONVERSATIONS == done[-1]
    assert set(Conversation.objects.values_list("state", flat=True)) == {"waiting", "answered", "solved"}
    labels = Message.objects.filter(is_note=True, text__in=LABEL.values())
    assert labels.count() == demo_parts.CONVERSATIONS
    assert not Message.objects.filter(from_customer=False, is_note=False, mailed_at=None).exists()
    chinese = Conversation.objects.filter(customer__language="zh-CN", subject="封套破损")
    assert chinese.exists()


def test_somebody_writes_now_and_then(people):
    now = clock.now()
    for n in range(300):
        demo_parts.live(now + n * timedelta(seconds=30))
    assert 1 <= Conversation.objects.filter(state="waiting").count() <= 20


def test_an_empty_shop_stays_empty(db):
    demo_parts.load(clock.now(), lambda done, total: None)
    demo_parts.live(clock.now())
    assert Conversation.objects.count() == 0
