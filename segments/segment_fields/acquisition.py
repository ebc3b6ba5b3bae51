"""Fields of the first touch: the channel's upper level, the source code's owner, UTM."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from segments.registry import Field, register
from segments.rules.kinds import CHOICE, TEXT, Kind
from segments.segment_fields import past
from segments.segment_fields.offers import OFFERED
from users.models import AcquisitionChannel, FirstTouch, OwnerKind, SourceCode
from users.topics import TouchTopic

ACQUISITION = _("Acquisition")


def _upper_channels() -> dict[str, str]:
    found = AcquisitionChannel.objects.filter(parent=None).order_by("name")
    return {channel.slug: channel.title for channel in found}


def _of_sources(column: str) -> Callable[[str], Sequence[str]]:
    """Offers what source codes have in a column."""

    def suggest(typed: str) -> Sequence[str]:
        found = SourceCode.objects.filter(**{f"{column}__istartswith": typed}).exclude(**{column: ""})
        return list(found.order_by(column).values_list(column, flat=True).distinct()[:OFFERED])

    return suggest


CHANNEL_GROUP = Coalesce(F("channel__parent__slug"), F("channel__slug"))


def of_touch(name: str, label: StrOrPromise, kind: Kind, value: str = "", **more: Any) -> Field:
    """A field of the first touch, which is kept for ever."""
    return Field(
        name,
        label,
        ACQUISITION,
        kind,
        TouchTopic.PROFILE,
        value,
        FirstTouch.objects.all,
        past=past.unchanging(f"first_touch__{value or name}"),
        **more,
    )


register(
    Field(
        "channel_group",
        _("acquisition channel, upper level"),
        ACQUISITION,
        CHOICE,
        TouchTopic.PROFILE,
        value=CHANNEL_GROUP,
        choices=_upper_channels,
        past=lambda as_of: CHANNEL_GROUP,
    ),
    of_touch(
        "source_owner",
        _("owner of the source code"),
        kind=TEXT,
        value="source__owner",
        suggest=_of_sources("owner"),
    ),
    of_touch(
        "source_owner_kind",
        _("kind of owner of the source code"),
        kind=CHOICE,
        value="source__owner_kind",
        choices=lambda: dict(OwnerKind.choices),
    ),
    of_touch(
        "source_platform",
        _("platform of the source code"),
        kind=TEXT,
        value="source__platform",
        suggest=_of_sources("platform"),
    ),
    of_touch("utm_source", _("UTM source of the first touch"), kind=TEXT),
    of_touch("utm_medium", _("UTM medium of the first touch"), kind=TEXT),
    of_touch(
        "utm_campaign", _("UTM campaign of the first touch"), kind=TEXT, suggest=_of_sources("utm_campaign")
    ),
    of_touch("utm_term", _("UTM term of the first touch"), kind=TEXT),
    of_touch("utm_content", _("UTM content of the first touch"), kind=TEXT),
    of_touch("referrer", _("referring site of the first touch"), kind=TEXT, value="referrer_host"),
)
