"""The tables of segments: who belongs together, and why."""

from segments.models.audience import Audience, AudienceMember
from segments.models.cut import FigureCut
from segments.models.membership import ChangeCause, Membership, MembershipChange
from segments.models.run import Run, RunKind, SegmentRun
from segments.models.segment import Segment, SegmentKind, SegmentState, SegmentVersion
from segments.models.webhook import Endpoint, EndpointSegment, WebhookDelivery

__all__ = [
    "Audience",
    "AudienceMember",
    "ChangeCause",
    "Endpoint",
    "EndpointSegment",
    "FigureCut",
    "Membership",
    "MembershipChange",
    "Run",
    "RunKind",
    "Segment",
    "SegmentKind",
    "SegmentRun",
    "SegmentState",
    "SegmentVersion",
    "WebhookDelivery",
]
