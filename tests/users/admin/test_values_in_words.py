"""Values that the demo shop invented, and acts of programs, are read in the reader's language; numbers open theirs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import translation
from pytest_django.fixtures import Settings

from config.kit import given_names, words
from config.kit.given_names import as_read
from tests.clock import move_to
from tests.operators import logged_in
from tests.users.door import customer, identify, send, track
from users.dimensions import dimension
from users.groups import group_url, read_group
from users.models import Customer, Product, Role
from users.services import audit, long_jobs
from users.services.demo import words as invented

NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process of a demo shop: the names that its module gives are given."""
    settings.DEMO = True
    monkeypatch.setattr(given_names, "_given", list(given_names._given))
    given_names.give_in_demo(*invented.NAMES)
    yield
    given_names._by_text.cache_clear()


@pytest.fixture(autouse=True)
def _today() -> None:
    move_to(NOON)


def in_chinese(url: str) -> str:
    return logged_in(Role.OPERATOR, language="zh-hans").get(url).content.decode()


@pytest.mark.usefixtures("demo")
def test_places_work_and_goods_of_the_demo_in_both_languages() -> None:
    traits: dict[str, Any] = {
        "timezone": "Asia/Shanghai",
        "address": {"city": "上海", "country": "CN"},
        "occupation": "driver",
        "interests": ["Jazz", "Film"],
    }
    line = {"product_id": "p", "name": "Record player", "category": "Music > Jazz", "price": 5}
    send(
        identify(at=NOON, user="alice", name="Alice", **traits),
        track("Order Completed", at=NOON, user="alice", order_id="1", total=5, products=[line]),
    )
    client, url = logged_in(Role.OPERATOR), reverse("users:customer", args=[customer("alice").pk])
    english, chinese = client.get(url).content.decode(), in_chinese(url)
    assert all(
        text in english for text in ("Shanghai, China", "Shanghai (Asia/Shanghai)", "driver", "Jazz, Film")
    )
    assert all(text in chinese for text in ("上海、中国", "上海（Asia/Shanghai）", "司机", "爵士、电影原声"))
    with translation.override("zh-hans"):
        occupation = dimension("occupation")
        assert occupation and occupation.label("driver") == "司机"
        assert (as_read("Music > Jazz"), str(Product.objects.get())) == ("音乐 > 爵士", "唱机")
    order = reverse("users:order", args=[customer("alice").pk, "shop", "1"])
    assert "音乐 &gt; 爵士" in in_chinese(order) and "Music &gt; Jazz" in client.get(order).content.decode()


def test_elsewhere_they_are_what_the_shop_told() -> None:
    with translation.override("zh-hans"):
        assert as_read("Music > Jazz") == "Music > Jazz"


def test_the_trail_names_jobs_and_programs_for_its_reader() -> None:
    with translation.override("zh-hans"):
        job = long_jobs.start("test", title=lambda: translation.gettext("Orders"), by=None)
        audit.record("job.cancel", by=None, target=job)
    page = logged_in(Role.OWNER).get(reverse("users:audit"))
    assert page.context["table"].rows[0][1:4] == ["Regulars", "Job: cancelled", "Orders"]


def test_texts_beside_each_other_are_set_as_the_language_does() -> None:
    said = {}
    for code in ("en", "zh-hans"):
        with translation.override(code):
            said[code] = (
                words.listed(["a", "b"]),
                words.aside("a", "b"),
                words.aside("a", ""),
                words.named("a", "b"),
            )
    assert said == {"en": ("a, b", "a (b)", "a", "a: b"), "zh-hans": ("a、b", "a（b）", "a", "a：b")}


def test_money_given_back_opens_who_got_it() -> None:
    def back(user: str, day: int) -> dict[str, object]:
        at = NOON - timedelta(days=day)
        return track("Order Refunded", at=at, user=user, order_id=user, refund_id=user, total=1)

    bought = NOON - timedelta(days=40)
    people = ("alice", "bob", "charlie")
    send(*(identify(at=bought, user=one) for one in people))
    send(*(track("Order Completed", at=bought, user=one, order_id=one, total=5) for one in people))
    send(back("alice", 3), back("bob", 35))
    stats = logged_in().get(reverse("users:orders")).context["stats"]
    assert [bool(stat.url) for stat in stats] == [True] * 5
    assert stats[-1].url == group_url("refunded", first="2026-04-20", last="2026-05-19", source="")
    group = read_group("refunded?first=2026-04-20&last=2026-05-19", NOON)
    assert list(Customer.objects.filter(pk__in=group.customers)) == [customer("alice")]


def test_visits_of_nobody_say_nothing_of_their_mean() -> None:
    part = {"HX-Request": "true", "HX-Target": "visits"}
    page = logged_in().get(reverse("users:features"), headers=part).content.decode()
    assert "Visits, " in page and "visits each" not in page and "mean " not in page
