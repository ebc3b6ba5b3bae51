"""Three questions in three clicks each: who are my regulars, who is slipping away, which channel brings who stays."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from config.kit import clock
from tests.operators import logged_in
from tests.people import Cast, invite
from tests.settling import apply_everything
from tests.storefront import Storefront, identify, track
from users.models import Role
from users.reports.figures import SHOWN_DAYS, compute
from users.services.value import day as value_day

pytestmark = pytest.mark.django_db(transaction=True)

LINK = re.compile(r"<a\b([^>]*)>(.*?)</a>", re.DOTALL)
HREF = re.compile(r"\bhref=\"([^\"]*)\"")
LABEL = re.compile(r"\baria-label=\"([^\"]*)\"")


class Reader:
    """An analyst who only follows links; ``clicks`` counts them."""

    def __init__(self) -> None:
        self.client: Client = logged_in(Role.ANALYST)
        self.clicks = 0
        self.page: Any = self.client.get(reverse("users:home"))

    def click(self, words: str) -> None:
        """Follow the first link whose text says the words. Fails where there is none."""
        url = next((url for url, text in self.links() if words in text), None)
        assert url is not None, f"no link says {words!r}"
        self.clicks += 1
        self.page = self.client.get(url if url.startswith("/") else self.page.request["PATH_INFO"] + url)
        assert self.page.status_code == 200

    def links(self) -> list[tuple[str, str]]:
        """Address and words of every link on the page, as a screen reader says them."""
        found = LINK.findall(self.page.content.decode())
        return [
            (unescape(href.group(1)), _said(head, text))
            for head, text in found
            if (href := HREF.search(head))
        ]

    def names(self) -> set[str]:
        """Who is listed."""
        return {str(row[0]) for row in self.page.context["table"].rows}


def _said(head: str, text: str) -> str:
    label = LABEL.search(head)
    return unescape(label.group(1) if label else " ".join(re.sub("<[^>]*>", " ", text).split()))


@pytest.fixture
def cast(shop: Storefront) -> Cast:
    """The cast with its figures of the day, two of them brought by Weibo: one who stayed, one who did not."""
    now = clock.now()
    people = invite(shop, now=now)
    shop.send(identify("vera", channel="weibo"), identify("dora", channel="weibo"), history=True)
    shop.send(track("wanda", "Product Viewed", at=now - timedelta(days=60)), history=True)
    shop.send(identify("wanda", channel="weibo", name="Wanda"), history=True)
    apply_everything()
    compute(now, days=SHOWN_DAYS)
    value_day.compute(now)
    return people


@pytest.mark.usefixtures("cast")
def test_who_are_my_regulars() -> None:
    reader = Reader()
    for words in ("Reports", "RFM", "Champions"):
        reader.click(words)
    assert reader.names() == {"Vera"}
    assert reader.clicks == 3


@pytest.mark.usefixtures("cast")
def test_who_is_slipping_away() -> None:
    reader = Reader()
    reader.click("Dormant")
    assert {"Dora", "Otto"} <= reader.names()
    assert reader.clicks <= 3


@pytest.mark.usefixtures("cast")
def test_which_channel_brings_who_stays() -> None:
    reader = Reader()
    for words in ("Reports", "Retained users"):
        reader.click(words)
    assert "Weibo" in reader.page.content.decode()
    assert reader.clicks <= 3
