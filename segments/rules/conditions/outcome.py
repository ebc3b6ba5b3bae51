"""The two named outcomes, said on purpose: ``{"everyone": true}`` and ``{"no_one": true}``."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from segments.rules.as_of import AsOf
from segments.rules.conditions.base import Condition
from segments.rules.forms import Form
from segments.rules.reading import Reader
from segments.rules.words import Words

ON_PURPOSE = gettext_lazy("Said on purpose")


@dataclass(frozen=True)
class Everyone(Condition):
    actual_is_shown = False
    always = True

    @classmethod
    def read(cls, reader: Reader) -> "Everyone":
        reader.only(required=("everyone",))
        reader.at("everyone").exactly(True)
        return cls()

    @classmethod
    def form(cls) -> Form:
        return Form("everyone", gettext_lazy("Everyone"), ON_PURPOSE, (), lambda: {"everyone": True})

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
    always = False

    @classmethod
    def read(cls, reader: Reader) -> "NoOne":
        reader.only(required=("no_one",))
        reader.at("no_one").exactly(True)
        return cls()

    @classmethod
    def form(cls) -> Form:
        return Form("no_one", gettext_lazy("No one"), ON_PURPOSE, (), lambda: {"no_one": True})

    def write(self) -> dict[str, Any]:
        return {"no_one": True}

    def expression(self, as_of: AsOf) -> Q:
        return Q(pk__isnull=True)

    def of_today(self, words: Words) -> list[str]:
        return []

    def sentence(self, words: Words) -> str:
        return _("no one")
