"""The conditions a rule is made of; each key of ``CONDITIONS`` is what a condition's JSON begins with."""

from segments.rules.conditions.attribute import AttributeCondition
from segments.rules.conditions.base import Condition
from segments.rules.conditions.collection import CollectionCondition
from segments.rules.conditions.field import FieldCondition
from segments.rules.conditions.habits import Nth, Regularly
from segments.rules.conditions.happened import Happened
from segments.rules.conditions.in_segment import InSegment
from segments.rules.conditions.may_receive import MayReceive
from segments.rules.conditions.outcome import Everyone, NoOne
from segments.rules.conditions.pauses import Restarted, Stopped
from segments.rules.conditions.sequence import Sequence

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
    "segment": InSegment,
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
    "InSegment",
    "MayReceive",
    "NoOne",
    "Nth",
    "Regularly",
    "Restarted",
    "Sequence",
    "Stopped",
]
