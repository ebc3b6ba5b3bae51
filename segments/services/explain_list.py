"""Why somebody is in a segment of whichever kind; of a list there is only when they were put there."""

from datetime import datetime

from django.utils.translation import gettext as _

from segments.models import Membership, Segment
from segments.rules.words import Words, instant
from segments.services.explain import Explanation, Reason, explain


def explain_any(segment: Segment, customer_id: int, now: datetime, words: Words | None = None) -> Explanation:
    """Explain one customer. Raises NotFound, or Refusal when the rule cannot be read any more."""
    if not segment.is_list:
        return explain(segment, customer_id, now, words)
    row = Membership.objects.filter(segment=segment, customer=customer_id).first()
    actual = _("on it since %(since)s") % {"since": instant(row.entered_at)} if row else _("not on it")
    named = _("is on the list “%(name)s”") % {"name": segment.name}
    reason = Reason(named, row is not None, actual, decides=True)
    return Explanation(
        matches=row is not None, member_since=row.entered_at if row else None, root=reason, turns_at=None
    )
