"""What applying bodies came to."""

from dataclasses import dataclass, fields


@dataclass(slots=True)
class Applied:
    """Bodies taken, items in them, new events and orders, items parked as dead letters, traits ignored."""

    bodies: int = 0
    items: int = 0
    events: int = 0
    orders: int = 0
    parked: int = 0
    ignored: int = 0

    def add(self, other: "Applied") -> None:
        """Add another count to this one."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))
