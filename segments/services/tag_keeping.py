"""Tags that a segment keeps on its members: put on who enters, taken off who leaves, and only what it put on."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from config.kit.batches import fetch
from config.kit.given_names import as_read
from config.kit.refusal import Refusal
from segments.models import Membership, MembershipChange, Run, Segment
from segments.uses import Use, Uses, uses
from users.models import CustomerTag, Operator, Tag
from users.services import tag_acts

KEEPER = "segment"


def segments_using(name: str) -> list[str]:
    """The segments whose rule asks for a tag, in words."""
    return [_("Segment “%(name)s”") % {"name": found} for found in names_using(name)]


def names_using(name: str) -> list[str]:
    """Names of the segments whose rule asks for a tag."""
    rows = fetch(
        "SELECT name FROM segments_segment WHERE jsonb_path_exists(rule,"
        " '$.** ? (@.collection == \"tags\" && exists(@.value[*] ? (@ == $name)))',"
        " jsonb_build_object('name', %s::text))"
        " ORDER BY name",
        [name],
    )
    return [found for (found,) in rows]


def segments_named(numbers: Collection[int]) -> dict[int, str]:
    """Segments in words, by their numbers."""
    found = Segment.objects.filter(pk__in=numbers).titles()
    return {pk: _("Segment “%(name)s”") % {"name": name} for pk, name in found}


@transaction.atomic
def keep(segment: Segment, name: str, *, by: Operator | None, now: datetime) -> Tag:
    """Let a segment keep a tag on its members from now on. Raises Refusal for a tag that others keep or ask for."""
    plain = tag_acts.clean(name)
    tag, _made = Tag.objects.get_or_create(name=plain)
    if tag.kept_by and (tag.kept_by, tag.kept_ref) != (KEEPER, segment.pk):
        raise Refusal("kept", _("Another rule keeps this tag."), field="name")
    if segment.name in names_using(plain):
        raise Refusal(
            "in_use",
            _("This segment asks for the tag itself; it would keep its own answer alive."),
            field="name",
        )
    tag_acts.keep_by(tag, KEEPER, segment.pk, by=by)
    catch_up(segment, now)
    return tag


def kept_tags(segment: Segment) -> list[Tag]:
    """The tags that a segment keeps."""
    return list(Tag.objects.filter(kept_by=KEEPER, kept_ref=segment.pk))


def keepers() -> set[int]:
    """The segments that keep a tag."""
    return {ref for ref in Tag.objects.filter(kept_by=KEEPER).values_list("kept_ref", flat=True) if ref}


def follow(segment: Segment, run: Run) -> None:
    """What a run changed, done to the tags that the segment keeps; costs what changed."""
    for tag in kept_tags(segment):
        changed: Any = MembershipChange.objects.filter(segment=segment, run=run).values("customer_id")
        tag_acts.put_on_many(tag.pk, changed.filter(entered=True), "rule", run.now)
        tag_acts.take_off_many(tag.pk, changed.filter(entered=False), "rule")


def catch_up(segment: Segment, now: datetime) -> None:
    """Bring the tags that a segment keeps to its members as they are."""
    members: Any = Membership.objects.filter(segment=segment).values("customer_id")
    for tag in kept_tags(segment):
        tag_acts.put_on_many(tag.pk, members, "rule", now)
        strangers: Any = (
            CustomerTag.objects.filter(tag=tag, source="rule")
            .exclude(customer__in=members)
            .values("customer_id")
        )
        tag_acts.take_off_many(tag.pk, strangers, "rule")


def let_go(segment: Segment) -> None:
    """A segment that is deleted keeps no tag any more; the tags stay on."""
    for tag in kept_tags(segment):
        tag_acts.leave_on(tag)
        Tag.objects.filter(pk=tag.pk).update(kept_by="", kept_ref=None)


tag_acts.tag_users.register("segments", segments_using)
tag_acts.tag_keepers.register(KEEPER, segments_named)


def _keepers(segments: Collection[int]) -> Uses:
    """The tags that segments keep; they do not stand in the way: a tag that is let go of stays on."""
    found: dict[int, list[Use]] = {}
    for pk, ref, name in Tag.objects.filter(kept_by=KEEPER, kept_ref__in=segments).values_list(
        "pk", "kept_ref", "name"
    ):
        use = Use(
            "tag",
            _("tag “%(name)s”") % {"name": as_read(name)},
            reverse("users:tag", args=[pk]),
            blocks=False,
        )
        found.setdefault(ref or 0, []).append(use)
    return found


uses.register("tags", _keepers)
