"""The scheduled jobs of feedback: fetch, call one service."""

from datetime import datetime

from feedback.services import mailing
from users.services.jobs import scheduled


@scheduled("feedback.mail_replies")
def mail_replies(now: datetime) -> dict[str, int]:
    """Mail operators' answers to customers."""
    total = 0
    while done := mailing.mail_replies(now):
        total += done
    return {"mailed": total}
