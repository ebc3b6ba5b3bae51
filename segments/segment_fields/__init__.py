"""The fields that rest on the tables of users, a module per subject; found at start like every ``segment_fields``.

They stand here and not in users because users knows nothing of segments.
"""

from segments.segment_fields import (
    acquisition,
    behaviour,
    contact,
    goods,
    lifecycle,
    order_lines,
    orders,
    profile,
    value,
)

__all__ = [
    "acquisition",
    "behaviour",
    "contact",
    "goods",
    "lifecycle",
    "order_lines",
    "orders",
    "profile",
    "value",
]
