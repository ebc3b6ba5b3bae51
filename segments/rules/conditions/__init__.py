"""The conditions a rule is made of; each key of ``CONDITIONS`` is what a condition's JSON begins with."""

from segments.rules.conditions.attribute import AttributeCondition
from segments.rules.conditions.base import Condition
from segments.rules.conditions.bucket import InBucket
from segments.rules.conditions.collection import CollectionCondition
from segments.rules.conditions.festival import NearFestival
from segments.rules.conditions.field import FieldCondition
from segments.rules.conditions.habits import Nth, Regularly
from segments.rules.conditions.happened import Happened
from segments.rules.conditions.in_segment import InSegment
from segments.rules.conditions.in_stage import InStage
from segments.rules.conditions.may_receive import MayReceive
from segments.rules.conditions.outcome import Everyone, NoOne
from segments.rules.conditions.pauses import Restarted, Stopped
from segments.rules.conditions.segment_time import SegmentTime
from segments.rules.conditions.sequence import Sequence
from segments.rules.conditions.top import InTop

CONDITIONS: dict[str, type[Condition]] = {
    "field": FieldCondition,
    "collection": CollectionCondition,
    "attribute": AttributeCondition,
    "event": Happened,
    "happened": Happened,
    "sequence": Sequence,
    "stopped": Stopped,
    "restarted": Restarted,
    "regularly": Regularly,
    "nth": Nth,
    "in_stage": InStage,
    "top": InTop,
    "festival": NearFestival,
    "bucket": InBucket,
    "segment": InSegment,
    "segment_time": SegmentTime,
    "may_receive": MayReceive,
    "everyone": Everyone,
    "no_one": NoOne,
}

__all__ = [
    "CONDITIONS",
    "AttributeCondition",
    "CollectionCondition",
    "Condition",
    "Everyone",
    "FieldCondition",
    "Happened",
    "InBucket",
    "InSegment",
    "InStage",
    "InTop",
    "MayReceive",
    "NearFestival",
    "NoOne",
    "Nth",
    "Regularly",
    "Restarted",
    "SegmentTime",
    "Sequence",
    "Stopped",
]
