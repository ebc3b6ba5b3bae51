"""Fields of the profile, and tags and interests."""

from collections.abc import Sequence
from functools import partial

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from segments.registry import Collection, Field, Rows, Source, register
from segments.rules.as_of import AsOf
from segments.rules.kinds import BIRTHDAY, CHOICE, FLAG, INSTANT, TEXT
from segments.segment_fields import past
from segments.segment_fields.offers import in_use, tag_names
from users.models import AcquisitionChannel, CustomerTag, Gender
from users.topics import TouchTopic

PROFILE = _("Profile")


def _acquisition_channels() -> dict[str, str]:
    return {one.slug: one.title for one in AcquisitionChannel.objects.order_by("name")}


def _has_tag(names: Sequence[str]) -> Q:
    tagged = CustomerTag.objects.filter(customer=OuterRef("pk"), tag__name__in=list(names))
    return Q(Exists(tagged))


def _had_tag(names: Sequence[str], as_of: AsOf) -> Q:
    tagged = CustomerTag.objects.filter(
        customer=OuterRef("pk"), tag__name__in=list(names), tagged_at__lte=as_of.now
    )
    return Q(Exists(tagged))


def _has_interest(names: Sequence[str]) -> Q:
    holds = Q()
    for name in names:
        holds |= Q(interests__contains=[name])
    return holds


def _taggings(as_of: AsOf, name: str | None) -> Rows:
    return CustomerTag.objects.all()


def _taggers() -> dict[str, StrOrPromise]:
    return {
        "hand": _("by hand"),
        "rule": _("by a rule"),
        "import": _("by import"),
        "bulk": _("in one go"),
        "list": _("kept list"),
    }


tagging = partial(Field, group=PROFILE, topic=TouchTopic.TAGS)
profile = partial(Field, group=PROFILE, topic=TouchTopic.PROFILE)

register(
    profile("name", _("name"), kind=TEXT),
    profile("first_name", _("first name"), kind=TEXT),
    profile("last_name", _("last name"), kind=TEXT),
    profile("gender", _("gender"), kind=CHOICE, choices=lambda: dict(Gender.choices)),
    profile("birthday", _("birthday"), kind=BIRTHDAY),
    profile("country", _("country"), kind=TEXT, suggest=in_use("country")),
    profile("region", _("region"), kind=TEXT, suggest=in_use("region")),
    profile("city", _("city"), kind=TEXT, suggest=in_use("city")),
    profile("occupation", _("occupation"), kind=TEXT, suggest=in_use("occupation")),
    profile("industry", _("industry"), kind=TEXT, suggest=in_use("industry")),
    profile("income_band", _("income band"), kind=TEXT, suggest=in_use("income_band")),
    profile("education", _("education"), kind=TEXT, suggest=in_use("education")),
    profile("language", _("language"), kind=TEXT, suggest=in_use("language")),
    profile("time_zone", _("time zone"), kind=TEXT, suggest=in_use("time_zone")),
    profile("platform", _("platform"), kind=TEXT, suggest=in_use("platform")),
    profile(
        "source_code",
        _("source code"),
        kind=TEXT,
        suggest=in_use("source_code"),
        past=past.unchanging("source_code"),
    ),
    profile(
        "channel",
        _("acquisition channel"),
        kind=CHOICE,
        value="channel__slug",
        choices=_acquisition_channels,
        past=past.unchanging("channel__slug"),
    ),
    profile("identified", _("identified (has a user ID or a contact)"), kind=FLAG),
    profile("no_profiling", _("no profiling"), kind=FLAG),
    profile("registered_at", _("registration"), kind=INSTANT, past=past.since_its_time("registered_at")),
    Source(
        "taggings",
        _("tags put on"),
        PROFILE,
        TouchTopic.TAGS,
        rows=_taggings,
        time="tagged_at",
        did=_("was given a tag it still has"),
        did_not=_("was given no tag it still has"),
        noun=_("the tags put on"),
        properties={
            "tag": tagging("tag", _("tag"), kind=TEXT, value="tag__name", suggest=tag_names),
            "category": tagging("category", _("category of the tag"), kind=TEXT, value="tag__category"),
            "source": tagging("source", _("put on by"), kind=CHOICE, choices=_taggers),
        },
        past_note=_("tags put on: what was taken off since is not known"),
    ),
    Collection(
        "tags",
        _("tags"),
        PROFILE,
        TouchTopic.TAGS,
        has=_has_tag,
        suggest=tag_names,
        past_has=_had_tag,
        past_note=_("what was taken off since is not known"),
    ),
    Collection("interests", _("interests"), PROFILE, TouchTopic.PROFILE, has=_has_interest),
)
