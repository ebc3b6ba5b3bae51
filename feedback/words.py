"""How long is left, in the words an operator uses."""

from datetime import datetime

from django.utils.translation import gettext as _

from config.kit import words


def due_in_words(due_at: datetime | None, now: datetime) -> str:
    """Such as: due in 20 minutes, late by 2 hours; empty where nothing is due."""
    if due_at is None:
        return ""
    length = words.duration(abs(due_at - now))
    return (_("due in %(length)s") if due_at >= now else _("late by %(length)s")) % {"length": length}
