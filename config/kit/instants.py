"""Instants as callers of the storefront API write them."""

from datetime import UTC, datetime

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from config.kit.refusal import Refusal

EARLIEST = datetime(1971, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def instant(text: str, *, field: str) -> datetime:
    """An instant with its zone: one without is refused, not guessed. Raises Refusal."""
    try:
        at = parse_datetime(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or not EARLIEST <= at < LATEST:
        raise Refusal(
            "bad_instant", _("Give an instant with its zone, as 2026-11-01T08:00:00Z."), field=field
        )
    return at
