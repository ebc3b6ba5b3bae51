"""Bad settings as Django system checks: each has an id, says what is wrong and what to set."""

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register


@register
def shop_time_zone_exists(**kwargs: Any) -> list[CheckMessage]:
    """SHOP_TIME_ZONE must be a name of the time zone database."""
    try:
        ZoneInfo(settings.SHOP_TIME_ZONE)
    except (ZoneInfoNotFoundError, ValueError):
        hint = "Set it to a name such as Asia/Shanghai or Europe/Berlin."
        return [
            Error(
                f"SHOP_TIME_ZONE is {settings.SHOP_TIME_ZONE!r}, which is no time zone.",
                hint,
                id="regulars.E001",
            )
        ]
    return []


@register
def public_url_is_an_address(**kwargs: Any) -> list[CheckMessage]:
    """PUBLIC_URL starts every link in messages."""
    if settings.PUBLIC_URL.startswith(("http://", "https://")):
        return []
    hint = "Set it to what shoppers' browsers open, such as https://regulars.example.com."
    return [Error("PUBLIC_URL is no web address.", hint, id="regulars.E002")]


@register
def tasks_are_redelivered_after_their_limit(**kwargs: Any) -> list[CheckMessage]:
    """A broker that redelivers a task that still runs would run it twice."""
    if settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"] > settings.CELERY_TASK_TIME_LIMIT:
        return []
    hint = "Keep visibility_timeout between 120 and 300 s, above CELERY_TASK_TIME_LIMIT."
    return [Error("Tasks would be redelivered while they run.", hint, id="regulars.E003")]


@register
def messages_in_the_queue_are_json(**kwargs: Any) -> list[CheckMessage]:
    """Pickles from a broker run code."""
    if list(settings.CELERY_ACCEPT_CONTENT) == ["json"]:
        return []
    return [
        Error("Celery accepts more than JSON.", 'Set CELERY_ACCEPT_CONTENT to ["json"].', id="regulars.E004")
    ]


@register(Tags.security, deploy=True)
def links_are_https(**kwargs: Any) -> list[CheckMessage]:
    """Links in messages carry tokens."""
    if settings.HTTPS:
        return []
    hint = "Set PUBLIC_URL to your https:// address; cookies, HSTS and redirects follow from it."
    return [Warning("PUBLIC_URL is not https.", hint, id="regulars.W001")]


@register(Tags.security, deploy=True)
def mail_has_a_provider(**kwargs: Any) -> list[CheckMessage]:
    """The local sink keeps messages on this machine."""
    if settings.EMAIL_HOST not in {"127.0.0.1", "localhost"}:
        return []
    hint = "Set EMAIL_URL to smtp://user:password@host:587?tls=1."
    return [Warning("Messages go to this machine only.", hint, id="regulars.W002")]


@register(Tags.security, deploy=True)
def demo_is_off(**kwargs: Any) -> list[CheckMessage]:
    """The demo makes logins whose passwords are printed."""
    if not settings.DEMO:
        return []
    return [Warning("The demo shop and its logins are on.", "Set DEMO=0.", id="regulars.W003")]
