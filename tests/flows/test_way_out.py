"""The way out: one click in the mail's own button, and the next campaign does not reach this person."""

import httpx
import pytest

from campaigns.shop import cap_per_day
from config.kit import clock
from segments.services.refresh import refresh
from tests.flows.acts import letters_of, living_in, send_to
from tests.settling import apply_everything
from tests.sinks import SmtpSink
from tests.storefront import Storefront, agrees, identify, path_of, track
from users.models import Consent

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def two_friends(shop: Storefront) -> None:
    """Two people of Porto who want news, and a shop that may write twice a day."""
    cap_per_day.set(2)
    for name in ("ines", "jorge"):
        shop.send(
            identify(
                name,
                name=name.title(),
                email=f"{name}@example.com",
                language="en",
                address={"city": "Porto"},
                consents=[agrees("news")],
            ),
            track(name, "Product Viewed"),
        )
    apply_everything()


def test_one_click_is_enough_and_only_a_post_counts(shop: Storefront, smtp_sink: SmtpSink) -> None:
    porto = living_in("Porto")
    send_to(porto, "First letter")
    letters = letters_of(smtp_sink, "First letter")
    assert set(letters) == {"ines", "jorge"}

    letter = letters["ines"]
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = str(shop.client.base_url).rstrip("/") + path_of(letter["List-Unsubscribe"].strip("<>"))
    assert httpx.get(address).status_code == 200
    assert answers("ines") == [True]
    assert httpx.post(address, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert answers("ines") == [True, False]

    refresh()
    send_to(porto, "Second letter")
    assert set(letters_of(smtp_sink, "Second letter")) == {"jorge"}


def test_a_changed_address_unsubscribes_nobody(shop: Storefront, smtp_sink: SmtpSink) -> None:
    send_to(living_in("Porto"), "A letter")
    letter = letters_of(smtp_sink, "A letter")["ines"]
    path = path_of(letter["List-Unsubscribe"].strip("<>"))
    changed = path[:-1] + ("A" if path[-1] != "A" else "B")
    base = str(shop.client.base_url).rstrip("/")
    assert httpx.post(base + changed).status_code == 404
    assert answers("ines") == [True]


def answers(user_id: str) -> list[bool]:
    """What somebody has said about news by e-mail, oldest first."""
    said = Consent.objects.filter(customer__user_id=user_id, recorded_at__lte=clock.now())
    return list(said.order_by("recorded_at").values_list("granted", flat=True))
