"""Reports that read many rows live: cut off after some seconds, with a sentence instead of an error."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, transaction
from django.utils.translation import gettext as _

from config.kit.batches import fetch
from config.kit.refusal import Refusal

SECONDS = 20
CANCELLED = "57014"


@contextmanager
def with_patience(seconds: int = SECONDS) -> Iterator[None]:
    """Run reading statements within so many seconds each. Raises Refusal when one is cut off."""
    try:
        with transaction.atomic():
            # One statement sets the limit and says what it was: the transaction may be part of a longer one.
            told = "SELECT current_setting('statement_timeout'), set_config('statement_timeout', %s, true)"
            ((before, _now),) = fetch(told, [f"{seconds}s"])
            yield
            fetch("SELECT set_config('statement_timeout', %s, true)", [before])
    except OperationalError as problem:
        if getattr(problem.__cause__, "pgcode", "") != CANCELLED:
            raise
        raise Refusal(
            "too_slow", _("There is too much to count at once. Choose a shorter period or one channel.")
        ) from None
