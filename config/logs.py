"""Logs as JSON lines that name no shopper: no addresses, queries, phone numbers or statement details."""

import logging
import logging.config
import re
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog
from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware

MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
LONG_NUMBER = re.compile(r"(?<![\w.-])(?!\d{4}-\d\d-\d\d)\+?\d(?:[ -]?\d){9,14}(?![\w-])")
DETAIL = re.compile(r"^DETAIL: .*$", re.MULTILINE)
KEPT = {"timestamp", "level", "logger", "request_id"}


class RequestLog(RequestMiddleware):
    """Logs the route of a request rather than its address, which may carry a token or a name."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """Method and route, as in `GET api/v1/me/points`."""
        match = request.resolver_match
        return f"{request.method} {match.route if match else '-'}"


def scrub(text: str) -> str:
    """The text with e-mail addresses, phone-like numbers and PostgreSQL's row details blotted out."""
    text = DETAIL.sub("DETAIL: …", text)
    return LONG_NUMBER.sub("‹number›", MAIL.sub("‹mail›", text))


def without_personal_data(
    logger: Any, name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A structlog processor that scrubs every text of an entry."""
    event.pop("user_agent", None)
    for key, value in event.items():
        if isinstance(value, str) and key not in KEPT:
            event[key] = scrub(value)
    return event


def as_json(event: Any, **kwargs: Any) -> str:
    """One line; values JSON does not know are written as text."""
    return orjson.dumps(event, default=str).decode()


TOLD = frozenset(
    (
        *("batch", "bodies", "erased_again", "handler", "job", "kind", "outbox", "part", "problem"),
        *("question", "seconds", "segment", "servers", "state"),
    )
)
"""What our own lines say beside their name. Nothing else that a library hangs on its lines gets out."""

SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]


def settings(level: str) -> dict[str, Any]:
    """Django's LOGGING: everything to standard error, one JSON object per line."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [
                    *SHARED,
                    structlog.stdlib.ExtraAdder(allow=TOLD),
                    structlog.stdlib.PositionalArgumentsFormatter(),
                ],
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    without_personal_data,
                    structlog.processors.JSONRenderer(serializer=as_json),
                ],
            },
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"level": level, "handlers": [], "propagate": True},
            "django.server": {"level": "WARNING", "handlers": [], "propagate": True},
            "django.request": {"level": "CRITICAL", "propagate": True},
            "django_structlog": {"level": level, "propagate": True},
            "celery": {"level": "WARNING" if level == "INFO" else level, "propagate": True},
            "mail.log": {"level": "ERROR", "propagate": True},
            "httpx": {"level": "WARNING", "propagate": True},
        },
    }


def configure(config: dict[str, Any]) -> None:
    """Django's LOGGING_CONFIG: the standard library and structlog end in the same handler."""
    logging.config.dictConfig(config)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
