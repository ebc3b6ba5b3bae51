"""Looking at a message before it is sent: filled in for a customer, and sent to an address of the shop."""

from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext as _

from campaigns import merge, shop
from campaigns.channels import adapters
from campaigns.channels.base import Message, Outcome
from campaigns.content import Letter, check, choose, example_values
from campaigns.models import Campaign, Content
from config.kit.refusal import Refusal
from users.models import Channel, Customer, Operator
from users.services import audit


def preview_letter(
    subject: str, body: str, language: str, customer: Customer | None, now: datetime
) -> Letter:
    """The letter as this customer would read it (nobody: with the examples). Raises Refusal."""
    form = check(subject, body, language)
    values: Mapping[str, object] = {}
    if customer is not None:
        values = merge.load_values(form.namespaces, [customer.pk], now)[customer.pk]
    return form.fill({**example_values(form), **values})


def send_test(
    campaign: Campaign, address: str, customer: Customer | None, *, by: Operator, now: datetime
) -> None:
    """Send the message to an address that the shop has listed for tests. Raises Refusal.

    Leaves no delivery; its links are the plain ones, so nothing is counted.
    """
    address = address.strip()
    if address not in shop.listed_test_addresses():
        message = _("List this address under “Addresses for tests” in the settings first.")
        raise Refusal("address_not_listed", message, field="address")
    contents = list(Content.objects.filter(step__campaign=campaign, channel=Channel.EMAIL).order_by("pk"))
    if not contents:
        raise Refusal("no_content", _("Write what it says first."), field="body")
    content = choose(contents, customer.language if customer else "")
    letter = preview_letter(content.subject, content.body, content.language, customer, now)
    line = adapters[Channel.EMAIL]()
    try:
        (result,) = line.send([Message(f"test-{campaign.pk}-{now:%H%M%S}", address, letter)], seconds=10)
    finally:
        line.close()
    if result.outcome is not Outcome.ACCEPTED:
        message = _("The mail server did not take it: {error}").format(error=result.error)
        raise Refusal("not_taken", message, field="address", status=502)
    audit.record("campaign.test_send", by=by, target=campaign, after={"address": address})
