"""The mail that asks back: somebody said yes in public, and only the mailbox's owner can confirm it."""

from datetime import datetime
from hashlib import sha256

from django.utils import translation
from django.utils.translation import gettext as _

from campaigns.services import service_message
from users.models import ConsentRequest
from users.services import opt_in
from users.services.preferences import title_of
from users.shop import shop_name

KIND = "consent.confirm"


def mail(customer_id: int, key: str, *, now: datetime) -> None:
    """Queue the mail for an open request; nothing when it is settled or too old."""
    request = (
        ConsentRequest.objects.select_related("topic", "customer")
        .filter(customer_id=customer_id, key=key, confirmed_at=None, withdrawn_at=None, expires_at__gt=now)
        .first()
    )
    if request is None:
        return
    with translation.override("zh-hans" if request.customer.language.startswith("zh") else "en"):
        words = {"shop": shop_name.get(), "topic": title_of(request.topic), "link": opt_in.link(request)}
        subject = _("Please confirm: %(topic)s from %(shop)s") % words
        body = (
            _(
                "Somebody, hopefully you, asked %(shop)s to send messages about “%(topic)s” to this address.\n\n"
                "Confirm it here within 7 days:\n%(link)s\n\n"
                "If it was not you, do nothing: no message will come."
            )
            % words
        )
    service_message.queue(
        customer_id=customer_id,
        kind=KIND,
        key=f"optin:{sha256(request.key.encode()).hexdigest()[:32]}",
        subject=subject,
        body=body,
        now=now,
        address=request.address,
    )
