"""What is held about where a customer came from (``users/privacy.py``)."""

from django.utils.translation import gettext_lazy as _

from users.keeping import keep
from users.models import FirstTouch, SourceCode, SourceTouch
from users.privacy import Erase, Holding, holds, impersonal
from users.services import retention

holds(
    Holding(
        FirstTouch,
        _("First touch"),
        15,
        Erase.EMPTY,
        {
            "at": _("Time"),
            "code": _("Source code"),
            "source__owner": _("Owner of the source code"),
            "channel__name": _("Acquisition channel"),
            "utm_source": _("UTM source"),
            "utm_medium": _("UTM medium"),
            "utm_campaign": _("UTM campaign"),
            "utm_term": _("UTM term"),
            "utm_content": _("UTM content"),
            "referrer_host": _("Referring site"),
        },
        why=_("Which channel earned an order belongs to the shop's books; what the visit said goes."),
        empties={
            "code": "",
            "utm_source": "",
            "utm_medium": "",
            "utm_campaign": "",
            "utm_term": "",
            "utm_content": "",
            "referrer_host": "",
        },
        keeps=("told_channel",),
    )
)
impersonal(SourceCode, "target", why="addresses of the shop's own pages")
impersonal(SourceTouch, "referrer_host", "utm", why="from which site nobody in particular came")
_OLD_TOUCHES = """
    SELECT old.id FROM users_sourcecode source
    CROSS JOIN LATERAL (
        SELECT id FROM users_sourcetouch WHERE source_id = source.id AND at < %(cutoff)s ORDER BY at LIMIT %(limit)s
    ) AS old
"""
keep(
    "source_touches",
    _("Visits through links with a source code"),
    _("Who followed a link, by a number in a cookie of ours. First touches of customers stay."),
    default=730,
    due=retention.counted(_OLD_TOUCHES),
    remove=retention.changing(f"DELETE FROM users_sourcetouch WHERE id IN ({_OLD_TOUCHES} LIMIT %(limit)s)"),
)
