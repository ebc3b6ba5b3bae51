"""Figures for the metrics page that are read from the database when it is asked, lent by the apps."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from django.db import DatabaseError

from config.kit.registry import Registry


@dataclass(frozen=True, slots=True)
class Gauge:
    """One value; ``name`` and label names are from code, label values may be any text."""

    name: str
    help: str
    value: float
    labels: dict[str, str] = field(default_factory=dict)


gauges: Registry[Callable[[], Iterable[Gauge]]] = Registry("gauge")


def exposition() -> str:
    """All gauges in the text format of Prometheus."""
    return "".join(f"{line}\n" for line in _lines())


def _lines() -> Iterator[str]:
    told = set[str]()
    for lent in gauges:
        for gauge in _asked(lent):
            if gauge.name not in told:
                told.add(gauge.name)
                yield f"# HELP {gauge.name} {gauge.help}"
                yield f"# TYPE {gauge.name} gauge"
            labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in gauge.labels.items())
            yield f"{gauge.name}{{{labels}}} {gauge.value:g}" if labels else f"{gauge.name} {gauge.value:g}"


def _asked(lent: Callable[[], Iterable[Gauge]]) -> list[Gauge]:
    """None without a database: the other figures are wanted most when something is down."""
    try:
        return list(lent())
    except DatabaseError:
        return []


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
