"""What can change about a customer, as far as rules care; segments read by these topics."""

from django.db.models import TextChoices


class TouchTopic(TextChoices):
    """The topic a writer touches and a segment field declares."""

    PROFILE = "profile"
    CONTACT = "contact"
    CONSENT = "consent"
    TAGS = "tags"
    STAGE = "stage"
    ORDERS = "orders"
    VALUE = "value"
    EVENTS = "events"
    MESSAGES = "messages"
    POINTS = "points"
    LEVEL = "level"
    FEEDBACK = "feedback"
