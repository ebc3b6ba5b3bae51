"""One thing of every kind that has a page, for tests that open all pages."""

from datetime import datetime, timedelta

from config.sink import store
from tests.campaigns.audience import draft, segment_of
from tests.operators import operator
from tests.users.door import customer, identify, send, track, visit
from users.models import Role
from users.reports import figures

MAIL = b"From: <shop@localhost>\r\nTo: <alice@example.org>\r\nSubject: Hello\r\n\r\nCome back.\r\n"


def some_of_everything(now: datetime) -> dict[str, object]:
    """Makes them; the value of each argument that addresses of operator pages take."""
    day = timedelta(days=1)
    send(
        identify(at=now - 3 * day, user="alice", name="Alice", email="alice@example.org"),
        visit(at=now - 2 * day, user="alice"),
        track("Order Completed", at=now - day, user="alice", order_id="A-1", total=50, currency="USD"),
    )
    figures.compute(now, days=figures.SHOWN_DAYS)
    return {
        "customer_id": customer("alice").pk,
        "operator_id": operator(Role.ANALYST).pk,
        "campaign_id": draft(segment_of([customer("alice").pk])).pk,
        "mail_name": store.default_store().keep("mail", MAIL).removeprefix("mail/"),
    }
