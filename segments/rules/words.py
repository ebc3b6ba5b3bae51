"""How values read inside a sentence: lists, money, names of what a rule refers to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from config.kit import words as kit
from segments.models import Segment
from segments.ready import title_of
from users.models import Topic
from users.shop import currency


@dataclass
class Words:
    """What sentences need to know beyond the rule; read at most once per page."""

    segment_names: dict[int, str] = field(default_factory=dict)

    @cached_property
    def _segments(self) -> dict[int, str]:
        if self.segment_names:
            return self.segment_names
        found = Segment.objects.values_list("pk", "name", "preset")
        return {pk: title_of(preset, name) for pk, name, preset in found}

    @cached_property
    def _topics(self) -> dict[str, str]:
        chinese = (get_language() or "").startswith("zh")
        return {topic.slug: (topic.name_zh if chinese else "") or topic.name for topic in Topic.objects.all()}

    @cached_property
    def _currency(self) -> str:
        return currency.get()

    def segment(self, pk: int) -> str:
        """The name of a segment, quoted."""
        return quoted(self._segments.get(pk, f"#{pk}"))

    def topic(self, slug: str) -> str:
        """The name of a consent topic in the language of the interface, quoted."""
        return quoted(self._topics.get(slug, slug))

    def money(self, minor_units: int | Decimal) -> str:
        """An amount of the shop's currency, given in minor units."""
        return kit.money(minor_units, self._currency)


def quoted(text: str) -> str:
    """“text”, with the quotation marks of the language."""
    return _("“%(text)s”") % {"text": text}


def number(value: int | Decimal) -> str:
    """A number with the separators of the language."""
    return kit.number(value)


def day(value: date) -> str:
    """A calendar day in the form of the language."""
    return kit.day(value)


def instant(value: datetime) -> str:
    """Date and time in the shop's zone, with the zone's name."""
    return kit.absolute(value)


def either(texts: Sequence[str]) -> str:
    """ "a, b or c" """
    return _joined(texts, _("%(first)s or %(last)s"))


def both(texts: Sequence[str]) -> str:
    """ "a, b and c" """
    return _joined(texts, _("%(first)s and %(last)s"))


def _joined(texts: Sequence[str], pattern: str) -> str:
    if len(texts) == 1:
        return texts[0]
    return pattern % {"first": _(", ").join(texts[:-1]), "last": texts[-1]}
