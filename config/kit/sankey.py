"""Flows as a value: how many went from where to where, drawn as a Sankey with a table twin."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from config.kit import words
from config.kit.parts import Cell, Column, Empty, Table


@dataclass(frozen=True, slots=True)
class Node:
    """One end of flows. ``name`` is unique in the picture, ``title`` is what is written; ``side``: 0 is left."""

    name: str
    title: StrOrPromise
    color: str
    side: int


@dataclass(frozen=True, slots=True)
class Flow:
    """So many went from one node to another (by their names); ``url`` opens them."""

    source: str
    target: str
    value: int
    url: str = ""


@dataclass(frozen=True, slots=True)
class Sankey:
    """Flows between two sides. ``id`` is unique on the page; ``summary`` says in a sentence what is shown."""

    id: str
    title: StrOrPromise
    nodes: Sequence[Node]
    flows: Sequence[Flow]
    source_title: StrOrPromise
    target_title: StrOrPromise
    value_title: StrOrPromise
    summary: StrOrPromise = ""
    height: int = 420

    @property
    def payload(self) -> dict[str, Any]:
        """What the script draws."""
        used = {end for flow in self.flows for end in (flow.source, flow.target)}
        return {
            "kind": "sankey",
            "unit": "number",
            "locale": str(words.locale()).replace("_", "-"),
            "option": {
                "series": [
                    {
                        "type": "sankey",
                        "data": [
                            {
                                "name": node.name,
                                "depth": node.side,
                                "itemStyle": {"color": node.color},
                                "title": str(node.title),
                            }
                            for node in self.nodes
                            if node.name in used
                        ],
                        "links": [
                            {"source": flow.source, "target": flow.target, "value": flow.value}
                            for flow in self.flows
                            if flow.value
                        ],
                    }
                ]
            },
        }

    def table(self) -> Table:
        """The table twin, largest flow first."""
        titles = {node.name: node.title for node in self.nodes}
        return Table(
            columns=[
                Column(self.source_title),
                Column(self.target_title),
                Column(self.value_title, "number"),
            ],
            rows=[
                [titles[flow.source], titles[flow.target], Cell(flow.value, url=flow.url)]
                for flow in sorted(self.flows, key=lambda flow: -flow.value)
            ],
            empty=Empty(_("Nothing to show yet")),
            caption=self.title,
        )

    @property
    def description(self) -> str:
        """What a screen reader says instead of the picture."""
        return " ".join(str(part) for part in (self.title, self.summary) if part)

    @property
    def is_empty(self) -> bool:
        """Nobody went anywhere."""
        return not any(flow.value for flow in self.flows)
