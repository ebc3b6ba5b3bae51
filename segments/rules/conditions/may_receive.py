"""May be written to, by contact and consent: ``{"may_receive": "email", "topic": "news"}``."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models import Value as Constant
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from segments.rules.as_of import AsOf
from segments.rules.conditions.base import Condition
from segments.rules.forms import Form, Input
from segments.rules.reading import Reader
from segments.rules.words import Words
from users.models import Channel, Consent, ContactPoint, Topic, usable_contact
from users.topics import TouchTopic


@dataclass(frozen=True)
class MayReceive(Condition):
    """For a service topic a usable contact is enough; for any other, no consent row means no."""

    actual_is_shown = False

    channel: str
    topic: str
    may: bool = True

    @classmethod
    def read(cls, reader: Reader) -> "MayReceive":
        reader.only(required=("may_receive", "topic"), optional=("op",))
        channel = reader.at("may_receive").one_of(Channel.values)
        topic = reader.at("topic").one_of(list(Topic.objects.values_list("slug", flat=True)))
        op = reader.at("op").one_of(("may", "may_not")) if "op" in reader.mapping() else "may"
        return cls(channel, topic, op == "may")

    @classmethod
    def form(cls) -> Form:
        may = {"may": gettext_lazy("may be sent"), "may_not": gettext_lazy("may not be sent")}
        return Form(
            "may_receive",
            gettext_lazy("May be written to"),
            gettext_lazy("Contact and consent"),
            (
                Input("op", "choice", gettext_lazy("How it is asked"), optional=True, choices=lambda: may),
                Input("topic", "choice", gettext_lazy("topic"), choices=_topics),
                Input(
                    "may_receive",
                    "choice",
                    pgettext_lazy("of messages", "channel"),
                    choices=lambda: dict(Channel.choices),
                ),
            ),
            lambda: {"may_receive": Channel.EMAIL.value, "topic": next(iter(_topics()))},
        )

    def write(self) -> dict[str, Any]:
        written = {"may_receive": self.channel, "topic": self.topic}
        return written if self.may else {**written, "op": "may_not"}

    def expression(self, as_of: AsOf) -> Q:
        topic = Topic.objects.get(slug=self.topic)
        usable = usable_contact() & (Q(added_at__lte=as_of.now) if as_of.past else Q())
        may = Q(Exists(_of_customer(ContactPoint, usable, channel=self.channel)))
        if not topic.is_service:
            may &= self._consented(topic, as_of)
        return may if self.may else ~may

    def _consented(self, topic: Topic, as_of: AsOf) -> Q:
        """The latest answer, up to the instant, is a yes; at one instant a no outdoes a yes."""
        answers = _of_customer(Consent, Q(), channel=self.channel, topic=topic)
        if not as_of.past:
            return Q(Exists(answers.filter(is_current=True, granted=True)))
        so_far = answers.filter(given_at__lte=as_of.now).order_by("-given_at", "granted", "key")
        return Q(Exact(Coalesce(Subquery(so_far.values("granted")[:1]), Constant(False)), True))

    def of_today(self, words: Words) -> list[str]:
        return [
            _("%(channel)s contacts: whether one can be used is as today")
            % {"channel": Channel(self.channel).label}
        ]

    def sentence(self, words: Words) -> str:
        pattern = (
            _("may be sent %(topic)s by %(channel)s")
            if self.may
            else _("may not be sent %(topic)s by %(channel)s")
        )
        return pattern % {"topic": words.topic(self.topic), "channel": Channel(self.channel).label}

    def topics(self) -> frozenset[TouchTopic]:
        return frozenset({TouchTopic.CONTACT, TouchTopic.CONSENT})


def _of_customer(model: Any, condition: Q, **fixed: Any) -> Any:
    return model.objects.filter(condition, customer=OuterRef("pk"), **fixed)


def _topics() -> dict[str, str]:
    """Slugs and names, in the language that is active."""
    is_chinese = (get_language() or "").startswith("zh")
    topics = Topic.objects.order_by("pk")
    return {topic.slug: (is_chinese and topic.name_zh) or topic.name for topic in topics}
