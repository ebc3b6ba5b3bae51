"""Segments of segments: who refers to whom, in which order to compute, and no circles."""

from collections.abc import Collection, Iterable, Mapping
from graphlib import TopologicalSorter
from typing import Any

from segments.models import Segment

# What a condition on another segment begins with.
REFERRING = ("segment", "segment_time")


def referred(rule: Any) -> set[int]:
    """The segments that the JSON of a stored rule refers to; reads no field, so it cannot fail on one."""
    if isinstance(rule, list):
        return set().union(*(referred(part) for part in rule))
    if not isinstance(rule, dict):
        return set()
    for key in REFERRING:
        if isinstance(rule.get(key), int):
            return {rule[key]}
    return set().union(*(referred(rule[key]) for key in ("root", "all", "any", "none") if key in rule))


def in_order(segments: Iterable[Segment]) -> list[Segment]:
    """Those referred to before those that refer to them."""
    by_pk = {segment.pk: segment for segment in segments}
    graph = {pk: sorted(referred(segment.rule) & by_pk.keys()) for pk, segment in sorted(by_pk.items())}
    return [by_pk[pk] for pk in TopologicalSorter(graph).static_order()]


def users_of(pk: int, segments: Iterable[Segment]) -> list[Segment]:
    """The segments whose rules refer to this one directly."""
    return [segment for segment in segments if pk in referred(segment.rule)]


def way(start: Collection[int], goal: int, rules: Mapping[int, Any]) -> list[int]:
    """The shortest way of references from ``start`` to ``goal``, both included; empty where there is none."""
    ways: dict[int, list[int]] = {pk: [pk] for pk in sorted(start)}
    ahead = list(ways)
    while ahead:
        pk = ahead.pop(0)
        if pk == goal:
            return ways[pk]
        for following in sorted(referred(rules.get(pk)) - ways.keys()):
            ways[following] = [*ways[pk], following]
            ahead.append(following)
    return []
