"""Why a request or an item is refused: codes for machines, sentences for people."""

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

# Refusals of a whole request: code → (HTTP status, sentence). English only: machines' developers read them.
BODY = {
    "not_json": (400, "The body is not JSON."),
    "bad_gzip": (400, "The body is not whole gzip data."),
    "not_an_object": (400, "The body must be a JSON object."),
    "no_batch": (400, "batch must be a list of events."),
    "too_deep": (400, "Lists and objects are nested too deeply."),
    "too_many_keys": (400, "There are too many names beside the events."),
    "number_out_of_range": (400, "A number beside the events is beyond ±2^53."),
    "bad_text": (400, "A text beside the events contains NUL or half of a surrogate pair."),
    "duplicate_key": (400, "A name stands twice in the body."),
    "bad_time": (400, "sentAt is not an ISO 8601 time."),
    "bad_key": (401, "No such API key, or it was revoked."),
    "not_allowed": (403, "History needs a server key."),
    "scope_missing": (403, "This key does not have the scope events:write."),
    "method_not_allowed": (405, "Use POST."),
    "body_too_large": (413, "A body may have 500 KB, inflated."),
    "too_many_events": (413, "A body may have 2,500 events."),
    "too_many_requests": (429, "Too many requests with this key; wait."),
    "unavailable": (503, "The store is not available; send again."),
}

# Refusals of one item: code → sentence for operators; the field is shown beside it.
ITEM: dict[str, StrOrPromise] = {
    "not_an_object": _("It is not an object with fields."),
    "too_large": _("It is larger than 32 KB."),
    "too_deep": _("Its lists and objects are nested more than 32 deep."),
    "too_many_keys": _("It has more than 300 names."),
    "number_out_of_range": _("A number is too large to be kept exactly."),
    "bad_text": _("A text contains a character that cannot be stored."),
    "duplicate_key": _("A name stands twice in one object."),
    "unknown_type": _("Its type is none that we know."),
    "missing": _("A field that it needs is missing."),
    "wrong_type": _("A field has the wrong kind of value."),
    "too_long": _("A field is too long."),
    "bad_time": _("A time is unreadable or impossible."),
    "no_identity": _("It says neither who (userId) nor which device (anonymousId)."),
    "reserved_event": _("The event's name is one that only Regulars itself records."),
    "reserved_message_id": _("Its message ID begins like those that Regulars itself gives."),
    "unknown_consent": _("It answers about a topic or a channel that does not exist."),
    "too_many_event_names": _("There are already too many names of events."),
    # From applying what was accepted:
    "cannot_be_applied": _("Something in it could not be stored."),
    "no_order_id": _("An order needs an order_id."),
    "unknown_currency": _("Its currency is none that we know."),
    "no_exchange_rate": _("There is no exchange rate for its currency."),
    "no_amount": _("An order needs a total, or revenue or prices."),
    "bad_amount": _("An amount is negative, too large or no number."),
    "bad_products": _("Its products are no list of objects."),
    "bad_quantity": _("A quantity is no whole number above 0."),
    "unknown_order": _("It speaks of an order that has not arrived; it is applied when the order comes."),
    "other_currency": _("Its amounts are not in the currency of the order."),
    "bad_source": _("Where an order comes from is a word of letters, digits and dashes."),
    "bad_months": _("A warranty is a whole number of months, 0 to 600."),
    "refund_over_total": _("It refunds more than is left of the order."),
}


class BodyRefused(Exception):
    """The whole request is refused; ``code`` is one of ``BODY``."""

    def __init__(self, code: str, *, retry_after: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.status, self.message = BODY[code]
        self.retry_after = retry_after


class ItemRefused(Exception):
    """One item is refused; ``code`` is one of ``ITEM``, ``field`` where ("traits.email")."""

    def __init__(self, code: str, field: str = "") -> None:
        super().__init__(code, field)
        self.code = code
        self.field = field
