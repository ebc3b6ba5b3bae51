"""What happened to a customer, in a sentence: the words of the timeline. Pure."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from users import facts
from users.models import Stage

# Event name → (symbol, sentence). %(thing)s is the product or page, "" when the event names none.
WORDS: dict[str, tuple[str, str]] = {
    "Signed Up": ("person_add", gettext_noop("Registered")),
    "Account Created": ("person_add", gettext_noop("Registered")),
    "Followed": ("favorite", gettext_noop("Followed the shop")),
    "Page Viewed": ("visibility", gettext_noop("Viewed the page %(thing)s")),
    "Screen Viewed": ("smartphone", gettext_noop("Viewed the screen %(thing)s")),
    "Product Viewed": ("visibility", gettext_noop("Viewed %(thing)s")),
    "Product List Viewed": ("list", gettext_noop("Looked through %(thing)s")),
    "Products Searched": ("search", gettext_noop("Searched for %(thing)s")),
    "Product Added": ("add_shopping_cart", gettext_noop("Put %(thing)s into the cart")),
    "Product Removed": ("remove_shopping_cart", gettext_noop("Took %(thing)s out of the cart")),
    "Cart Viewed": ("shopping_cart", gettext_noop("Looked at the cart")),
    "Product Added to Wishlist": ("bookmark", gettext_noop("Put %(thing)s on the wish list")),
    "Checkout Started": ("shopping_cart_checkout", gettext_noop("Began to check out")),
    "Order Completed": ("shopping_bag", gettext_noop("Ordered (order %(thing)s)")),
    "Order Updated": ("edit", gettext_noop("Order %(thing)s was updated")),
    "Order Refunded": ("undo", gettext_noop("Order %(thing)s was refunded")),
    "Order Cancelled": ("cancel", gettext_noop("Order %(thing)s was cancelled")),
    "Coupon Applied": ("sell", gettext_noop("Used the coupon %(thing)s")),
    "Coupon Redeemed": ("sell", gettext_noop("Redeemed the coupon %(thing)s")),
    "Product Reviewed": ("rate_review", gettext_noop("Reviewed %(thing)s")),
    "Product Shared": ("share", gettext_noop("Shared %(thing)s")),
    "Content Viewed": ("article", gettext_noop("Looked at content: %(thing)s")),
    "Article Viewed": ("article", gettext_noop("Read %(thing)s")),
    "Video Content Started": ("play_circle", gettext_noop("Watched %(thing)s")),
    "Invitation Accepted": ("group_add", gettext_noop("A friend accepted the invitation")),
    "Survey Answered": ("fact_check", gettext_noop("Answered a survey")),
    facts.CHECKED_IN: ("event_available", gettext_noop("Checked in, day %(thing)s in a row")),
    facts.MESSAGE_CLICKED: ("ads_click", gettext_noop("Clicked a link in a message")),
    facts.REPLIED: ("forum", gettext_noop("Wrote to the shop")),
    facts.ORDER_PAID: ("paid", gettext_noop("Order %(thing)s counts as paid")),
    facts.ORDER_REFUNDED: ("undo", gettext_noop("The refund of order %(thing)s was booked")),
    facts.ORDER_CANCELLED: ("cancel", gettext_noop("The cancellation of order %(thing)s was booked")),
    facts.STAGE_CHANGED: ("timeline", gettext_noop("Became %(thing)s")),
    facts.CUSTOMERS_JOINED: ("merge", gettext_noop("Was joined with another record of the same person")),
    facts.CONSENT_ASKED: ("mark_email_unread", gettext_noop("Was asked back by mail")),
    facts.SEGMENT_ENTERED: ("login", gettext_noop("Entered a segment")),
    facts.SEGMENT_LEFT: ("logout", gettext_noop("Left a segment")),
}
# Event name → what it is as a step or a feature, without saying of what.
TITLES: dict[str, str] = {
    "Signed Up": gettext_noop("Signed up (event)"),
    "Account Created": gettext_noop("Created an account"),
    "Followed": gettext_noop("Followed the shop"),
    "Page Viewed": gettext_noop("Viewed a page"),
    "Screen Viewed": gettext_noop("Viewed a screen"),
    "Product Viewed": gettext_noop("Viewed a product"),
    "Product List Viewed": gettext_noop("Looked through a list of products"),
    "Products Searched": gettext_noop("Searched"),
    "Product Added": gettext_noop("Put into the cart"),
    "Product Removed": gettext_noop("Took out of the cart"),
    "Cart Viewed": gettext_noop("Looked at the cart"),
    "Product Added to Wishlist": gettext_noop("Put on the wish list"),
    "Checkout Started": gettext_noop("Began to check out"),
    "Order Completed": gettext_noop("Ordered"),
    "Order Updated": gettext_noop("Order updated"),
    "Order Refunded": gettext_noop("Order refunded"),
    "Order Cancelled": gettext_noop("Order cancelled"),
    "Coupon Applied": gettext_noop("Used a coupon"),
    "Coupon Redeemed": gettext_noop("Redeemed a coupon"),
    "Product Reviewed": gettext_noop("Reviewed a product"),
    "Product Shared": gettext_noop("Shared a product"),
    "Content Viewed": gettext_noop("Looked at content"),
    "Article Viewed": gettext_noop("Read an article"),
    "Video Content Started": gettext_noop("Watched a video"),
    "Invitation Accepted": gettext_noop("A friend accepted the invitation"),
    "Survey Answered": gettext_noop("Answered a survey"),
    "Warranty Registered": gettext_noop("Registered a warranty card"),
    facts.CHECKED_IN: gettext_noop("Checked in"),
    facts.MESSAGE_CLICKED: gettext_noop("Clicked a link in a message"),
    facts.REPLIED: gettext_noop("Wrote to the shop"),
    facts.ORDER_PAID: gettext_noop("Order counts as paid"),
    facts.ORDER_REFUNDED: gettext_noop("Refund booked"),
    facts.ORDER_CANCELLED: gettext_noop("Cancellation booked"),
    facts.STAGE_CHANGED: gettext_noop("Changed the stage"),
    facts.CUSTOMERS_JOINED: gettext_noop("Was joined with another record of the same person"),
    facts.CONSENT_ASKED: gettext_noop("Was asked back by mail"),
    facts.SEGMENT_ENTERED: gettext_noop("Entered a segment"),
    facts.SEGMENT_LEFT: gettext_noop("Left a segment"),
}
# Where an event says what it is about, in the order of preference.
_THINGS = (
    "name",
    "query",
    "order_id",
    "number",
    "coupon",
    "coupon_name",
    "streak",
    "list_id",
    "product_id",
    "path",
)


def sentence(name: str, properties: Mapping[str, Any]) -> str:
    """What happened, in the reader's language; an event that is not known keeps its own name."""
    known = WORDS.get(name)
    if known is None:
        about = thing(name, properties)
        return f"{name}: {about}" if about else name
    return " ".join((_(known[1]) % {"thing": thing(name, properties)}).replace("()", "").split())


def event_title(name: str) -> str:
    """What a kind of event is called, in the reader's language; one that is not known keeps its own name."""
    return _(TITLES[name]) if name in TITLES else name


def symbol(name: str) -> str:
    """The symbol beside the sentence."""
    known = WORDS.get(name)
    return known[0] if known else "radio_button_unchecked"


def thing(name: str, properties: Mapping[str, Any]) -> str:
    """What the event is about: a product, a page, an order number, a stage."""
    if name == facts.STAGE_CHANGED:
        stage = str(properties.get("to", ""))
        return str(Stage(stage).label) if stage in Stage.values else stage
    keys = ("order_id", *_THINGS) if name.startswith("Order ") else _THINGS
    found = next((properties[key] for key in keys if isinstance(properties.get(key), str | int)), "")
    return str(found)[:120]
