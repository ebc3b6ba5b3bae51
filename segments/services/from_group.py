"""Keeping the customers behind a number: as a rule where one means them, else as the list they are now."""

from datetime import datetime

from django.db import transaction

from segments.models import Segment
from segments.services.sampling import list_of_group
from segments.services.segments import create_segment
from users.groups import Group
from users.models import Operator


@transaction.atomic
def keep(
    group: Group, spec: str, *, name: str, by: Operator | None, now: datetime, frozen: bool = False
) -> Segment:
    """Make a segment of a group; ``frozen``: the list it is now, though a rule means it.

    Raises Refusal for a bad name, Conflict for one that is taken.
    """
    if group.rule is None or frozen:
        made, _job = list_of_group(spec, name=name, by=by, now=now)
        return made
    return create_segment(
        name=name,
        description=str(group.sentence)[:300],
        rule={"version": 1, "root": group.rule},
        by=by,
    )
