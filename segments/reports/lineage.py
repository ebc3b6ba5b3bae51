"""What rests on what: segments of segments and what uses them, laid out from left to right."""

from bisect import bisect_right
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from graphlib import TopologicalSorter
from itertools import accumulate

from django.urls import reverse

from segments.freshness import Look
from segments.models import Segment
from segments.services.order import referred
from segments.uses import Use, uses_of

WIDTH, HEIGHT, ACROSS, DOWN, EDGE = 190, 40, 250, 58, 16
MOST_NODES = 300
FITS, LATIN = 23, 0x2FFF


@dataclass(slots=True)
class Node:
    """A segment, or something that uses one. ``x`` and ``y``: its upper left corner in the picture."""

    key: str
    title: str
    kind: str
    tone: str
    url: str
    layer: int = 0
    x: int = 0
    y: int = 0

    @property
    def short(self) -> str:
        """As much of the title as fits; a Chinese character is as wide as two Latin ones."""
        wide = list(accumulate(2 if ord(sign) > LATIN else 1 for sign in self.title))
        return (
            self.title if not wide or wide[-1] <= FITS else self.title[: bisect_right(wide, FITS - 1)] + "…"
        )


@dataclass(frozen=True, slots=True)
class Line:
    """From what is used to its user, as the path of an SVG."""

    path: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """The picture, and the same as rows: segment → what it refers to, what uses it."""

    nodes: list[Node]
    lines: list[Line]
    width: int
    height: int
    refers: dict[int, list[str]]
    used: dict[int, list[Use]]
    segments: list[Segment]


def lineage(now: datetime, about: int | None = None) -> Lineage:
    """Everything that refers or is used; ``about`` a segment: only what it rests on and what rests on it."""
    everyone = {one.pk: one for one in Segment.objects.all()}
    below = {pk: referred(one.rule) & everyone.keys() for pk, one in everyone.items()}
    kept = _connected(about, below) if about in everyone else set(everyone)
    used: dict[int, list[Use]] = {pk: [] for pk in kept}
    for pk in sorted(kept):
        for child in below[pk] & kept:
            used[child].append(Use("segment", everyone[pk].title, _page(pk)))
    others = uses_of(kept)
    drawn = [pk for pk in kept if about or below[pk] or used[pk] or others[pk]][:MOST_NODES]
    nodes, edges = _graph(drawn, everyone, below, others, now)
    _place(nodes, edges)
    return Lineage(
        nodes=list(nodes.values()),
        lines=[Line(_path(nodes[start], nodes[end])) for start, end in edges],
        width=max((node.x + WIDTH for node in nodes.values()), default=0) + EDGE,
        height=max((node.y + HEIGHT for node in nodes.values()), default=0) + EDGE,
        refers={pk: sorted(everyone[child].title for child in below[pk]) for pk in kept},
        used={pk: [*used[pk], *others[pk]] for pk in kept},
        segments=sorted((everyone[pk] for pk in kept), key=lambda one: one.title),
    )


def _connected(about: int | None, below: Mapping[int, set[int]]) -> set[int]:
    """A segment with all it rests on and all that rests on it."""
    above: dict[int, set[int]] = {pk: set() for pk in below}
    for pk, children in below.items():
        for child in children:
            above[child].add(pk)
    return {pk for graph in (below, above) for pk in _reached(about or 0, graph)}


def _reached(start: int, graph: Mapping[int, set[int]]) -> set[int]:
    seen, ahead = set[int](), [start]
    while ahead:
        pk = ahead.pop()
        if pk not in seen:
            seen.add(pk)
            ahead.extend(graph[pk])
    return seen


def _graph(
    drawn: Collection[int],
    everyone: Mapping[int, Segment],
    below: Mapping[int, set[int]],
    others: Mapping[int, list[Use]],
    now: datetime,
) -> tuple[dict[str, Node], list[tuple[str, str]]]:
    shown = set(drawn)
    nodes: dict[str, Node] = {}
    look = Look(now, dict(everyone))
    edges: list[tuple[str, str]] = []
    order = TopologicalSorter({pk: sorted(below[pk] & shown) for pk in sorted(shown)}).static_order()
    for pk in order:
        one = everyone[pk]
        kind = "list" if one.is_list else "segment"
        layer = max((nodes[f"s{child}"].layer + 1 for child in below[pk] & shown), default=0)
        nodes[f"s{pk}"] = Node(f"s{pk}", one.title, kind, look.condition(one).tone, _page(pk), layer)
        edges.extend((f"s{child}", f"s{pk}") for child in sorted(below[pk] & shown))
    last = max((node.layer for node in nodes.values()), default=0) + 1
    for pk in sorted(shown):
        for use in others[pk]:
            key = f"{use.kind}:{use.sentence}:{use.url}"
            nodes.setdefault(key, Node(key, use.sentence, use.kind, "", use.url, last))
            edges.append((f"s{pk}", key))
    return nodes, edges


def _place(nodes: Mapping[str, Node], edges: Collection[tuple[str, str]]) -> None:
    """Columns by layer; within one, each near the middle of what it comes from."""
    sources: dict[str, list[str]] = {}
    for start, end in edges:
        sources.setdefault(end, []).append(start)
    for layer in sorted({node.layer for node in nodes.values()}):
        column = [node for node in nodes.values() if node.layer == layer]
        column.sort(key=lambda node: (_middle(node, sources, nodes), node.title))
        for row, node in enumerate(column):
            node.x, node.y = EDGE + layer * ACROSS, EDGE + row * DOWN


def _middle(node: Node, sources: Mapping[str, list[str]], nodes: Mapping[str, Node]) -> float:
    before = [nodes[key].y for key in sources.get(node.key, ())]
    return sum(before) / len(before) if before else float("inf") if not node.layer else 0.0


def _path(start: Node, end: Node) -> str:
    x1, y1, x2, y2 = start.x + WIDTH, start.y + HEIGHT // 2, end.x, end.y + HEIGHT // 2
    bend = (x2 - x1) // 2
    return f"M{x1},{y1} C{x1 + bend},{y1} {x2 - bend},{y2} {x2},{y2}"


def _page(pk: int) -> str:
    return reverse("segments:segment", args=[pk])
