"""Editing the acquisition channels and the clues by which visits tell theirs."""

import re

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from config.kit import clock
from config.kit.batches import execute
from config.kit.refusal import Conflict, Refusal
from users.models import (
    AcquisitionChannel,
    ChannelClue,
    ChannelCost,
    ClueKind,
    Customer,
    Operator,
    SourceCode,
)
from users.services import audit
from users.services.acquisition import place_again

DOMAIN = re.compile(r"(?=.{1,100}$)[a-z0-9-]+(\.[a-z0-9-]+)+")


@transaction.atomic
def create_channel(
    *, name: str, name_zh: str, parent: AcquisitionChannel | None, by: Operator | None, slug: str = ""
) -> AcquisitionChannel:
    """Add a channel. Its short name, by which storefronts and files name it, stays for ever."""
    slug = slug or slugify(name)[:50]
    if not slug:
        raise Refusal("no_slug", _("Give a short name of Latin letters and digits."), field="slug")
    if AcquisitionChannel.objects.filter(slug=slug).exists():
        raise Conflict("slug_taken", _("There is a channel of that short name."), field="slug")
    _check_parent(None, parent)
    channel = AcquisitionChannel.objects.create(slug=slug, name=name, name_zh=name_zh, parent=parent)
    audit.record("channel.create", by=by, target=channel, after=_told(channel))
    return channel


@transaction.atomic
def change_channel(
    channel_id: int, *, name: str, name_zh: str, parent: AcquisitionChannel | None, by: Operator | None
) -> AcquisitionChannel:
    """Rename a channel or move it below another; customers follow, and rules are asked again."""
    channel = AcquisitionChannel.objects.select_for_update().get(pk=channel_id)
    before = _told(channel)
    _check_parent(channel, parent)
    is_moved = channel.parent_id != (parent.pk if parent else None)
    channel.name, channel.name_zh, channel.parent = name, name_zh, parent
    channel.save(update_fields=["name", "name_zh", "parent"])
    if is_moved:
        _touch_customers(channel)
    if (after := _told(channel)) != before:
        audit.record("channel.change", by=by, target=channel, before=before, after=after)
    return channel


@transaction.atomic
def close_channel(channel_id: int, *, by: Operator | None) -> None:
    """Offer a channel no more; what came through it stays. With those below it."""
    channel = AcquisitionChannel.objects.select_for_update().get(pk=channel_id)
    now = clock.now()
    closed = [row for row in (channel, *channel.children.all()) if row.closed_at is None]
    AcquisitionChannel.objects.filter(pk__in=[row.pk for row in closed]).update(closed_at=now)
    for row in closed:
        audit.record("channel.close", by=by, target=row, before={"closed": False}, after={"closed": True})


@transaction.atomic
def reopen_channel(channel_id: int, *, by: Operator | None) -> None:
    """Offer a closed channel again. Raises Conflict while the one above it is closed."""
    channel = AcquisitionChannel.objects.select_for_update().select_related(None).get(pk=channel_id)
    if channel.parent is not None and channel.parent.closed_at is not None:
        raise Conflict("parent_closed", _("Reopen the channel above it first."))
    if channel.closed_at is not None:
        channel.closed_at = None
        channel.save(update_fields=["closed_at"])
        audit.record(
            "channel.reopen", by=by, target=channel, before={"closed": True}, after={"closed": False}
        )


@transaction.atomic
def remove_channel(channel_id: int, *, by: Operator | None) -> None:
    """Remove a channel that nothing has ever used. Raises Conflict for any other: it can be closed."""
    channel = AcquisitionChannel.objects.select_for_update().get(pk=channel_id)
    if is_used(channel):
        raise Conflict(
            "channel_used", _("This channel is in use. Close it instead; what came through it stays.")
        )
    audit.record("channel.delete", by=by, target=channel, before=_told(channel))
    channel.delete()


def is_used(channel: AcquisitionChannel) -> bool:
    """Whether customers, codes, costs, clues or other channels refer to it."""
    return any(
        rows.exists()
        for rows in (
            AcquisitionChannel.objects.filter(parent=channel),
            Customer.objects.filter(channel=channel),
            SourceCode.objects.filter(channel=channel),
            ChannelCost.objects.filter(channel=channel),
            ChannelClue.objects.filter(channel=channel),
        )
    )


@transaction.atomic
def add_clue(*, kind: str, value: str, channel: AcquisitionChannel, by: Operator | None) -> ChannelClue:
    """Add a clue, and find the place of touches whose channel was not known. An existing one is changed."""
    value = value.strip().lower().removeprefix("www.")
    if kind not in ClueKind.values:
        raise Refusal("bad_kind", _("There is no such kind of clue."), field="kind")
    if not value or "\0" in value or len(value) > 100:
        raise Refusal("bad_value", _("Write at most %(n)s characters.") % {"n": 100}, field="value")
    if kind == ClueKind.REFERRER and not DOMAIN.fullmatch(value):
        raise Refusal("bad_domain", _("Write a domain like example.com."), field="value")
    before = ChannelClue.objects.select_related("channel").filter(kind=kind, value=value).first()
    clue, _made = ChannelClue.objects.update_or_create(kind=kind, value=value, defaults={"channel": channel})
    audit.record(
        "clue.set",
        by=by,
        target=clue,
        before={"channel": before.channel.slug} if before else None,
        after={"channel": channel.slug},
    )
    place_again(unplaced=True)
    return clue


@transaction.atomic
def remove_clue(clue_id: int, *, by: Operator | None) -> None:
    """Take a clue away; the touches it placed stay where they are."""
    clue = ChannelClue.objects.select_related("channel").filter(pk=clue_id).first()
    if clue is not None:
        audit.record("clue.delete", by=by, target=clue, before={"channel": clue.channel.slug})
        clue.delete()


def _check_parent(channel: AcquisitionChannel | None, parent: AcquisitionChannel | None) -> None:
    if parent is None:
        return
    if parent.parent_id is not None or (channel is not None and parent.pk == channel.pk):
        raise Refusal(
            "two_levels", _("Channels have two levels: choose one of the upper level."), field="parent"
        )
    if channel is not None and channel.children.exists():
        raise Refusal(
            "has_children", _("Move the channels below it first: there are two levels."), field="parent"
        )


def _touch_customers(channel: AcquisitionChannel) -> None:
    execute(
        "INSERT INTO users_touched (customer_id, topic, is_history)"
        " SELECT id, 'profile', true FROM users_customer WHERE channel_id = %s",
        [channel.pk],
    )


def _told(channel: AcquisitionChannel) -> dict[str, object]:
    parent = channel.parent.slug if channel.parent else None
    return {"slug": channel.slug, "name": channel.name, "name_zh": channel.name_zh, "parent": parent}
