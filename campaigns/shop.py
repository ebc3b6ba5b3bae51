"""The shop's settings about messages: caps, quiet hours, speed, approval."""

from datetime import time

from django.utils.translation import gettext_lazy as _

from campaigns.decision import Caps
from campaigns.timing import QuietHours
from users.models import Channel
from users.shop import declare

MESSAGES = _("Messages")

approval_over = declare(
    "approval_over",
    5000,
    _("Campaigns to more customers than this need a second operator's approval"),
    section=MESSAGES,
)
cap_per_day = declare(
    "cap_per_day", 1, _("At most this many messages a customer and day (0: no cap)"), section=MESSAGES
)
cap_per_week = declare(
    "cap_per_week", 3, _("At most this many messages a customer in 7 days (0: no cap)"), section=MESSAGES
)
cap_topic = declare(
    "cap_topic_per_week", 0, _("At most this many of one topic in 7 days (0: no cap)"), section=MESSAGES
)
cap_channel = declare(
    "cap_channel_per_week", 0, _("At most this many on one channel in 7 days (0: no cap)"), section=MESSAGES
)


def parse_hours(text: str) -> QuietHours | None:
    """Hours written as 21:00-09:00; None for an empty text. Raises ValueError for anything else."""
    if not text:
        return None
    start, end = (time.fromisoformat(part.strip()) for part in text.split("-"))
    return QuietHours(start, end)


# The law asks for quiet hours where a message makes a sound; mail does not.
quiet_hours_of = {
    Channel.EMAIL: declare(
        "quiet_hours_email",
        "",
        _("Quiet hours for e-mail, such as 21:00-09:00"),
        check=parse_hours,
        section=MESSAGES,
    ),
    Channel.SMS: declare(
        "quiet_hours_sms", "21:00-09:00", _("Quiet hours for SMS"), check=parse_hours, section=MESSAGES
    ),
    Channel.APP_PUSH: declare(
        "quiet_hours_app_push",
        "21:00-09:00",
        _("Quiet hours for app push"),
        check=parse_hours,
        section=MESSAGES,
    ),
    Channel.WEB_PUSH: declare(
        "quiet_hours_web_push",
        "21:00-09:00",
        _("Quiet hours for web push"),
        check=parse_hours,
        section=MESSAGES,
    ),
}
email_per_second = declare(
    "email_per_second", 0, _("E-mails a second at most (0: as fast as they go)"), section=MESSAGES
)
test_addresses = declare(
    "test_addresses",
    "test@example.com",
    _("Addresses for tests, with commas between: where test sends may go"),
    section=MESSAGES,
)


def listed_test_addresses() -> list[str]:
    """Where test sends may go."""
    return [address.strip() for address in test_addresses.get().split(",") if address.strip()]


def caps() -> Caps:
    """The house's caps as they stand now."""
    return Caps(
        per_day=cap_per_day.get(),
        per_week=cap_per_week.get(),
        topic_per_week=cap_topic.get(),
        channel_per_week=cap_channel.get(),
    )


def quiet_hours(channel: str) -> QuietHours | None:
    """The hours (customer zone) in which no marketing goes out over ``channel``; None: there are none."""
    setting = quiet_hours_of.get(Channel(channel))
    return parse_hours(setting.get()) if setting else None


def messages_per_second(channel: str) -> int:
    """The rate the shop allows on ``channel``; 0: as fast as it goes."""
    return email_per_second.get() if channel == Channel.EMAIL else 0
