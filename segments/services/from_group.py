"""Keeping the customers behind a number: as a rule where one means them, else as the list they are now.

The list is a tag of its own put on each of them; the segment asks for that tag.
"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from config.kit.batches import execute
from config.kit.refusal import Conflict
from segments.models import Segment
from segments.services.segments import create_segment
from users.groups import Group
from users.models import Customer, Operator, Tag
from users.services.tags import LONGEST

LISTS = "lists"
"""The category of tags that stand for a kept list."""


@transaction.atomic
def keep(group: Group, *, name: str, by: Operator, now: datetime) -> Segment:
    """Make a segment of a group. Raises Refusal for a bad name, Conflict for one that is taken."""
    root = group.rule or {"all": [{"collection": "tags", "op": "has_any_of", "value": [name.strip()]}]}
    segment = create_segment(
        name=name, description=str(group.sentence)[:300], rule={"version": 1, "root": root}, by=by
    )
    if group.rule is None:
        _tag(group, segment.name, now)
    return segment


def _tag(group: Group, name: str, now: datetime) -> None:
    """Put a new tag on everybody in the group, in one statement."""
    if len(name) > LONGEST:
        sentence = _("A list needs a name of at most %(n)s characters.") % {"n": LONGEST}
        raise Conflict("name_too_long", sentence, field="name")
    tag, is_new = Tag.objects.get_or_create(name=name, defaults={"category": LISTS})
    if not is_new:
        raise Conflict("name_taken", _("A tag has this name. Choose another one."), field="name")
    members = Customer.objects.living().filter(pk__in=group.customers).values("pk")
    chosen, parameters = members.query.sql_with_params()
    execute(
        f"""
        WITH tagged AS (
            INSERT INTO users_customertag (customer_id, tag_id, tagged_at, source)
            SELECT chosen.customer_id, %s, %s, 'list' FROM ({chosen}) AS chosen (customer_id)
            ON CONFLICT DO NOTHING RETURNING customer_id
        )
        INSERT INTO users_touched (customer_id, topic) SELECT customer_id, 'tags' FROM tagged
        """,
        [tag.pk, now, *parameters],
    )
