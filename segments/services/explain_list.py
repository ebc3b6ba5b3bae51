"""Why somebody is in a segment of whichever kind; of a list there is only when they were put there."""

from datetime import datetime

from django.utils.translation import gettext as _

from segments.models import Membership, MembershipChange, Segment
from segments.rules.words import Words, instant
from segments.services.explain import Explanation, Reason, explain, explain_past


def explain_any(segment: Segment, customer_id: int, now: datetime, words: Words | None = None) -> Explanation:
    """Explain one customer. Raises NotFound, or Refusal when the rule cannot be read any more."""
    if not segment.is_list:
        return explain(segment, customer_id, now, words)
    row = Membership.objects.filter(segment=segment, customer=customer_id).first()
    actual = _("on it since %(since)s") % {"since": instant(row.entered_at)} if row else _("not on it")
    named = _("is on the list “%(name)s”") % {"name": segment.title}
    reason = Reason(named, row is not None, actual, decides=True)
    return Explanation(
        matches=row is not None, member_since=row.entered_at if row else None, root=reason, turns_at=None
    )


def explain_at(segment: Segment, customer_id: int, at: datetime) -> Explanation:
    """Explain one customer as of a past instant, by the rule that was in force then (before the first: by that).

    Raises NotFound for a customer who was not known then, Refusal for a rule that cannot be read.
    """
    if not segment.is_list:
        versions = segment.versions.order_by("-version")
        version = versions.filter(made_at__lte=at).first() or versions.last()
        return explain_past(version.rule if version else segment.rule, customer_id, at)
    changes = MembershipChange.objects.filter(segment=segment, customer=customer_id, at__lte=at)
    last = changes.order_by("-run_id").first()
    was_on = last is not None and last.entered
    actual = _("on it since %(since)s") % {"since": instant(last.at)} if was_on and last else _("not on it")
    named = _("is on the list “%(name)s”") % {"name": segment.title}
    return Explanation(
        matches=was_on,
        member_since=last.at if was_on and last else None,
        root=Reason(named, was_on, actual, decides=True),
        turns_at=None,
        at=at,
        past=True,
    )
