"""Events that Regulars records itself, by name. ``docs/events.md`` lists them for operators.

Each is recorded in the transaction of the act that makes it true, with a business key as message id.
"""

# properties: source, number, net (minor units), currency, paid_at
ORDER_PAID = "order_paid"
# properties: source, number, refund_id, amount, net_after, lines
ORDER_REFUNDED = "order_refunded"
# properties: source, number
ORDER_CANCELLED = "order_cancelled"
# properties: from, to, at
STAGE_CHANGED = "stage_changed"
# properties: survivor, absorbed (customer ids); recorded for the survivor
CUSTOMERS_JOINED = "customers_joined"
# properties: request (key), channel, topic; somebody said yes in public and is asked back by e-mail
CONSENT_ASKED = "consent_asked"
# properties: segment (id), run (id), at
SEGMENT_ENTERED = "segment_entered"
SEGMENT_LEFT = "segment_left"
# properties: local_date, streak
CHECKED_IN = "Checked In"
# properties: campaign, step, occasion, link
MESSAGE_CLICKED = "Message Clicked"
# properties: conversation
REPLIED = "Conversation Replied"

# Event types that count as activity (definitions.md, Lifecycle); others can be switched on by an operator.
ACTIVITY_EVENTS = (
    "Signed Up",
    "Account Created",
    "Followed",
    "Page Viewed",
    "Screen Viewed",
    "Product Viewed",
    "Product List Viewed",
    "Products Searched",
    "Product Added",
    "Product Removed",
    "Cart Viewed",
    "Product Added to Wishlist",
    "Checkout Started",
    "Order Completed",
    "Coupon Applied",
    "Coupon Redeemed",
    "Product Reviewed",
    "Product Shared",
    "Survey Answered",
    CHECKED_IN,
    MESSAGE_CLICKED,
    REPLIED,
)
INTERNAL_EVENTS = (
    ORDER_PAID,
    ORDER_REFUNDED,
    ORDER_CANCELLED,
    STAGE_CHANGED,
    CUSTOMERS_JOINED,
    SEGMENT_ENTERED,
    SEGMENT_LEFT,
    CONSENT_ASKED,
)
# What the message ids of our own events begin with, up to the first colon. The intake refuses them from outside:
# who could take the id of a refund in advance would make the real one a repeat.
OWN_KEYS = (*INTERNAL_EVENTS, "stage", "segment", "checkin", "message_click", "reply")
