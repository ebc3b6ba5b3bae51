"""The demo shop is made of parts that the apps lend, found by autodiscovery in their ``demo_parts.py``."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from config.kit.registry import Registry

# Tells how far a part is: (done, total).
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class DemoPart:
    """One step of loading the demo shop. ``load(now, progress)`` may take seconds and must be repeatable."""

    name: str
    title: str
    position: int
    load: Callable[[datetime, Progress], None]


@dataclass(frozen=True, slots=True)
class DemoDay:
    """What keeps happening in the demo shop: ``live(now)`` is called about every half minute."""

    name: str
    live: Callable[[datetime], None]


demo_parts: Registry[DemoPart] = Registry("demo part")
demo_days: Registry[DemoDay] = Registry("demo day")
