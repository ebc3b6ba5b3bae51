"""What segments holds about people: which groups they belong to (``users/privacy.py``)."""

from django.utils.translation import gettext_lazy as _

from segments.models import (
    Audience,
    AudienceMember,
    Endpoint,
    Membership,
    MembershipChange,
    Segment,
    SegmentRun,
    SegmentVersion,
    WebhookDelivery,
)
from segments.services.leaving import leave
from users.privacy import Erase, Holding, holds, impersonal, quotes

holds(
    Holding(
        Membership,
        _("Segments"),
        200,
        Erase.DELETE,
        {"segment__name": _("Segment"), "entered_at": _("Since")},
        order=("segment__name",),
        clean=leave,
    )
)
holds(
    Holding(
        MembershipChange,
        _("Segments over time"),
        210,
        Erase.DELETE,
        {
            "at": _("Time"),
            "segment__name": _("Segment"),
            "entered": _("Entered"),
            "cause": _("Cause"),
        },
        order=("at", "segment_id"),
    )
)

holds(
    Holding(
        AudienceMember,
        _("Audiences handed to advertising platforms, as hashes"),
        220,
        Erase.DELETE,
        {
            "audience__asked_at": _("Time"),
            "audience__platform": _("Platform"),
            "audience__channel": _("Channel"),
            "audience__segment_name": _("Segment"),
        },
        order=("audience_id",),
    )
)

quotes(SegmentRun, _("Runs of segments"), empties={"error": ""})

impersonal(Segment, "description", "rule", "error", why="rules and their names, as operators wrote them")
impersonal(SegmentVersion, "rule", why="rules as operators wrote them")
impersonal(Audience, "left_out", why="counts by reason")
impersonal(Endpoint, "url", "problem", why="an address of the shop's and how it answered, in our words")
impersonal(
    WebhookDelivery,
    "after",
    "until",
    "problem",
    why="places in the log of changes and how a receiver answered",
)
