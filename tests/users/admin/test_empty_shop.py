"""A shop without customers: pages say what would be here and lead to the next step."""

import pytest
from django.urls import reverse

from config.kit import clock
from tests.operators import logged_in
from tests.users.door import identify, send
from users.templatetags import people

pytestmark = pytest.mark.django_db
NOBODY = "There is no customer yet, so every figure here is empty."


@pytest.fixture(autouse=True)
def _not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "_somebody_came", [])


def shown(name: str) -> str:
    return logged_in().get(reverse(name)).content.decode()


def test_a_report_says_so_until_the_first_customer_comes() -> None:
    page = shown("users:retention")
    assert NOBODY in page and reverse("users:import_create") in page and reverse("users:connections") in page
    assert NOBODY not in shown("users:reports")

    send(identify(at=clock.now(), user="alice", name="Alice"))
    assert NOBODY not in shown("users:retention")


@pytest.mark.parametrize(
    ("name", "sentence", "next_step"),
    [
        ("segments:overlap", "There are no two segments yet", "segments:ready"),
        ("segments:lineage", "No segment yet", "segments:ready"),
        ("segments:backtests", "No backtest yet", "segments:create"),
        ("users:active", "Nobody was active on this day", "users:activity"),
    ],
)
def test_an_empty_page_has_a_next_step(name: str, sentence: str, next_step: str) -> None:
    page = shown(name)
    assert sentence in page
    assert reverse(next_step) in page.partition("r-empty")[2]
    assert '<form class="r-card r-form' not in page


def test_no_share_of_nobody_on_the_home_page() -> None:
    page = logged_in().get(reverse("users:home"), {"panel": "all"}).content.decode()
    assert "Nobody is known yet." in page
    assert "0.0% of 0" not in page
