"""The two named outcomes, said on purpose: ``{"everyone": true}`` and ``{"no_one": true}``."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from segments.rules.as_of import AsOf
from segments.rules.conditions.base import Condition
from segments.rules.reading import Reader
from segments.rules.words import Words


@dataclass(frozen=True)
class Everyone(Condition):
    actual_is_shown = False

    @classmethod
    def read(cls, reader: Reader) -> "Everyone":
        reader.only(required=("everyone",))
        reader.at("everyone").exactly(True)
        return cls()

    def write(self) -> dict[str, Any]:
        return {"everyone": True}

    def expression(self, as_of: AsOf) -> Q:
        return Q(pk__isnull=False)

    def of_today(self, words: Words) -> list[str]:
        return []

    def sentence(self, words: Words) -> str:
        return _("everyone")


@dataclass(frozen=True)
class NoOne(Condition):
    actual_is_shown = False

    @classmethod
    def read(cls, reader: Reader) -> "NoOne":
        reader.only(required=("no_one",))
        reader.at("no_one").exactly(True)
        return cls()

    def write(self) -> dict[str, Any]:
        return {"no_one": True}

    def expression(self, as_of: AsOf) -> Q:
        return Q(pk__isnull=True)

    def of_today(self, words: Words) -> list[str]:
        return []

    def sentence(self, words: Words) -> str:
        return _("no one")
