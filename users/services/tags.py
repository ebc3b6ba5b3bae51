"""Tags on customers, by hand: put on and taken off, audited, and touched for the segments that read tags."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from config.kit.refusal import Refusal
from users.models import Customer, CustomerTag, Operator, Tag
from users.services import audit, survivors
from users.services.touch import touch
from users.topics import TouchTopic

LONGEST = 60


@transaction.atomic
def put_on(customer: Customer, name: str, *, by: Operator | None, now: datetime, actor: str = "") -> Tag:
    """Tag a customer; a new name makes a new tag. Raises Refusal for an empty or overlong name."""
    name = " ".join(name.replace("\0", "").split())
    if not name or len(name) > LONGEST:
        raise Refusal(
            "bad_tag", _("A tag needs a name of 1 to %(n)s characters.") % {"n": LONGEST}, field="tag"
        )
    tag, _made = Tag.objects.get_or_create(name=name)
    customer_id = survivors.hold_one(customer.pk)
    row, is_new = CustomerTag.objects.get_or_create(
        customer_id=customer_id, tag=tag, defaults={"tagged_at": now, "source": "hand"}
    )
    if is_new:
        touch([customer_id], TouchTopic.TAGS)
        audit.record("customer.tag", by=by, actor=actor, target=customer, after={"tag": row.tag.name})
    return tag


@transaction.atomic
def take_off(customer: Customer, tag_id: int, *, by: Operator | None, actor: str = "") -> None:
    """Take a tag off a customer; nothing happens when it was not on."""
    customer_id = survivors.hold_one(customer.pk)
    row = CustomerTag.objects.select_related("tag").filter(customer=customer_id, tag_id=tag_id).first()
    if row is None:
        return
    CustomerTag.objects.filter(customer=customer_id, tag_id=tag_id).delete()
    touch([customer_id], TouchTopic.TAGS)
    audit.record("customer.untag", by=by, actor=actor, target=customer, before={"tag": row.tag.name})
