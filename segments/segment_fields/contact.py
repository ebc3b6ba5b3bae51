"""How a customer can be reached, recognised and written to: contacts, identities, and what was agreed to or refused."""

from collections.abc import Callable, Sequence
from functools import partial

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from segments.registry import Collection, Field, Rows, Source, register
from segments.rules.as_of import AsOf
from segments.rules.kinds import CHOICE, NUMBER, TEXT
from segments.segment_fields.offers import in_use_of, topic_names
from users.models import (
    Channel,
    Consent,
    ContactPoint,
    ContactState,
    CustomerAlias,
    Identity,
    IdentityKind,
    usable_contact,
)
from users.topics import TouchTopic

REACH = _("Contact and consent")
BETWEEN = ":"


def _has_contact(channels: Sequence[str]) -> Q:
    usable = ContactPoint.objects.filter(
        usable_contact(), customer=OuterRef("pk"), channel__in=list(channels)
    )
    return Q(Exists(usable))


def _had_contact(channels: Sequence[str], as_of: AsOf) -> Q:
    usable = ContactPoint.objects.filter(
        usable_contact(), customer=OuterRef("pk"), channel__in=list(channels), added_at__lte=as_of.now
    )
    return Q(Exists(usable))


def _has_contact_in_state(pairs: Sequence[str]) -> Q:
    """``email:bouncing``: has an e-mail address in that state, said by the shop or by a storefront."""
    wanted = Q()
    for channel, _between, state in (pair.partition(BETWEEN) for pair in pairs):
        wanted |= Q(channel=channel, state=state)
    return Q(Exists(ContactPoint.objects.filter(wanted, customer=OuterRef("pk"))))


def _contact_states() -> dict[str, str]:
    pattern = gettext("%(channel)s: %(state)s")
    return {
        f"{channel.value}{BETWEEN}{state.value}": pattern % {"channel": channel.label, "state": state.label}
        for channel in Channel
        for state in ContactState
    }


def _has_identity(kinds: Sequence[str]) -> Q:
    return Q(Exists(Identity.objects.filter(customer=OuterRef("pk"), kind__in=list(kinds))))


def _answered(*, granted: bool) -> Callable[[Sequence[str]], Q]:
    """Whether the latest answer to a topic on a channel (``email:news``) is yes, or no."""

    def has(pairs: Sequence[str]) -> Q:
        wanted = Q()
        for channel, _between, topic in (pair.partition(BETWEEN) for pair in pairs):
            wanted |= Q(channel=channel, topic__slug=topic)
        current = Consent.objects.filter(wanted, customer=OuterRef("pk"), is_current=True, granted=granted)
        return Q(Exists(current))

    return has


def _topics_by_channel() -> dict[str, str]:
    topics = topic_names()
    pattern = (
        "%(topic)s（%(channel)s）" if (get_language() or "").startswith("zh") else "%(topic)s (%(channel)s)"
    )
    return {
        f"{channel.value}{BETWEEN}{slug}": pattern % {"topic": name, "channel": channel.label}
        for slug, name in topics.items()
        for channel in Channel
    }


def _grants(as_of: AsOf, name: str | None) -> Rows:
    return Consent.objects.filter(granted=True)


def _refusals(as_of: AsOf, name: str | None) -> Rows:
    return Consent.objects.filter(granted=False)


def _joins(as_of: AsOf, name: str | None) -> Rows:
    return CustomerAlias.objects.all()


consenting = partial(Field, group=REACH, topic=TouchTopic.CONSENT)
answering = partial(Source, group=REACH, topic=TouchTopic.CONSENT, time="given_at")

ANSWER = {
    "channel": consenting("channel", _("channel"), kind=CHOICE, choices=lambda: dict(Channel.choices)),
    "topic": consenting("topic", _("topic"), kind=CHOICE, value="topic__slug", choices=topic_names),
    "source": consenting("source", _("told by"), kind=TEXT, suggest=in_use_of(Consent, "source")),
    "wording": consenting("wording", _("wording"), kind=TEXT, suggest=in_use_of(Consent, "wording")),
}

register(
    Collection(
        "reachable_by",
        _("usable contacts"),
        REACH,
        TouchTopic.CONTACT,
        has=_has_contact,
        choices=lambda: dict(Channel.choices),
        past_has=_had_contact,
        past_note=_("whether one can be used is as today"),
    ),
    Collection(
        "contact_states",
        _("contacts by state"),
        REACH,
        TouchTopic.CONTACT,
        has=_has_contact_in_state,
        choices=_contact_states,
    ),
    Collection(
        "identities",
        _("identities"),
        REACH,
        TouchTopic.PROFILE,
        has=_has_identity,
        choices=lambda: dict(IdentityKind.choices),
    ),
    Collection(
        "agreed_to",
        _("topics agreed to"),
        REACH,
        TouchTopic.CONSENT,
        has=_answered(granted=True),
        choices=_topics_by_channel,
    ),
    Collection(
        "refused",
        _("topics refused"),
        REACH,
        TouchTopic.CONSENT,
        has=_answered(granted=False),
        choices=_topics_by_channel,
    ),
    Field("most_per_week", _("messages a week at most, as wished"), REACH, NUMBER, TouchTopic.PROFILE),
    answering(
        "grants",
        _("agreements"),
        rows=_grants,
        did=_("agreed to messages"),
        did_not=_("did not agree to messages"),
        noun=_("the agreements"),
        properties=ANSWER,
    ),
    answering(
        "refusals",
        _("refusals"),
        rows=_refusals,
        did=_("refused messages"),
        did_not=_("did not refuse messages"),
        noun=_("the refusals"),
        properties=ANSWER,
    ),
    Source(
        "joins",
        _("joins of customers"),
        REACH,
        TouchTopic.PROFILE,
        rows=_joins,
        time="joined_at",
        did=_("was joined with another customer"),
        did_not=_("was not joined with another customer"),
        noun=_("the joins of customers"),
    ),
)
