"""The gallery of ready segments: what each selects, which are there, one button for each and one for all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from config.kit.admin import OperatorPage
from config.kit.parts import Action, Choice, Crumb, Empty, Filter
from config.kit.refusal import NotFound, Refusal
from segments.admin.form import WHO_ACTS
from segments.admin.pinyin import initials
from segments.models import Segment
from segments.ready import PRESETS, Preset
from segments.rules.parse import parse
from segments.rules.words import Words
from segments.services.presets import existing_of, install, install_one, rule_of, there
from segments.services.preview import preview
from segments.uses import Use, uses_of

STATES = {
    "there": gettext_lazy("There"),
    "used": gettext_lazy("In use"),
    "missing": gettext_lazy("Not made yet"),
}


@dataclass(frozen=True, slots=True)
class Card:
    """A ready segment as it is shown; ``segment``: the one that is there; ``uses``: what uses that one.

    ``count_url``: who it would select.
    """

    preset: Preset
    sentence: str
    segment: Segment | None
    uses: tuple[str, ...]
    count_url: str

    @property
    def state(self) -> str:
        """One of ``STATES``."""
        return "missing" if self.segment is None else "used" if self.uses else "there"

    def tells(self, text: str) -> bool:
        """Whether every word of the text stands in what the reader sees of it, or in the initials of its name."""
        name = str(self.preset.name)
        seen = [name, initials(name), self.preset.group, self.preset.description, self.sentence]
        if self.segment is not None:
            seen.append(self.segment.title)
        told = " ".join(map(str, seen)).casefold()
        return all(word in told for word in text.casefold().split())


@dataclass(frozen=True, slots=True)
class Shelf:
    """Ready segments about one thing: those shown, and how many of all of them are there."""

    anchor: str
    title: str
    cards: list[Card]
    there: int
    total: int


class ReadySegments(OperatorPage):
    """All ready segments by what they are about."""

    title = gettext_lazy("Ready segments")
    purpose = gettext_lazy(
        "One for every way a shop looks at its customers. Make those you want, or all that are missing."
    )
    template_name = "segments/ready.html"
    roles_that_act = WHO_ACTS

    def get_crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Segments"), reverse("segments:list"))]

    def get_actions(self) -> Sequence[Action]:
        if all(card.segment is not None for card in self._cards):
            return []
        return [Action(_("Make all that are missing"), self.request.path, icon="library_add", method="post")]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        key = request.POST.get("preset", "")
        if key:
            made = install_one(key, by=self.operator)
            self.say(_("“%(name)s” is there.") % {"name": made.title})
            return HttpResponseRedirect(f"{request.get_full_path()}#{made.preset}")
        done = install(by=self.operator)
        new = ngettext("%(n)d segment made.", "%(n)d segments made.", len(done.made)) % {"n": len(done.made)}
        old = ngettext("%(n)d was there.", "%(n)d were there.", len(done.existing)) % {
            "n": len(done.existing)
        }
        self.say(f"{new} {old}")
        return HttpResponseRedirect(request.path)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "filters": [Filter("state", _("In this shop"), _states(), self._state)],
            "searchable": _("Search the ready segments"),
            "query": self._text,
            "shelves": self._shelves(),
            "empty": Empty(
                _("No ready segment tells of this"),
                _("Search for another word, or take the filter away. Any rule can be made by hand, too."),
                Action(_("New segment"), reverse("segments:create"), icon="add") if self.may_act else None,
                icon="category",
            ),
            "may_make": self.may_act,
        }

    @cached_property
    def _cards(self) -> list[Card]:
        return _cards()

    @property
    def _text(self) -> str:
        return self.request.GET.get("q", "").replace("\0", "").strip()[:100]

    @property
    def _state(self) -> str:
        wanted = self.request.GET.get("state", "")
        return wanted if wanted in STATES else ""

    def _shelves(self) -> list[Shelf]:
        """Those with something to show, in the order in which their subjects first appear."""
        by_subject: dict[str, list[Card]] = {}
        for card in self._cards:
            by_subject.setdefault(str(card.preset.group), []).append(card)
        every = [
            Shelf(
                f"about-{number}",
                title,
                [card for card in cards if self._is_asked(card)],
                sum(card.segment is not None for card in cards),
                len(cards),
            )
            for number, (title, cards) in enumerate(by_subject.items(), 1)
        ]
        return [shelf for shelf in every if shelf.cards]

    def _is_asked(self, card: Card) -> bool:
        asked = {"there": {"there", "used"}}.get(self._state, {self._state})
        return (not self._state or card.state in asked) and card.tells(self._text)


class ReadyCount(OperatorPage):
    """How many customers a ready segment would select now: asked for when the card comes into sight."""

    title = gettext_lazy("Ready segments")
    template_name = "segments/ready_count.html"
    http_method_names = ["get"]
    roles_that_see = roles_that_act = WHO_ACTS

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        preset = PRESETS.get(self.kwargs["key"])
        if preset is None:
            raise NotFound(_("There is no such ready segment."))
        upon = existing_of(preset)
        if upon is None:
            return {"problem": _("Counted once it is made.")}
        try:
            return {"preview": preview(rule_of(preset, *upon), self.now, exact=False)}
        except Refusal as refusal:
            return {"problem": refusal.message}


def _states() -> list[Choice]:
    return [Choice(state, str(title)) for state, title in STATES.items()]


def _cards() -> list[Card]:
    found, words = there(), Words()
    uses = uses_of([segment.pk for segment in found.values()])
    return [_card(preset, found, uses, words) for preset in PRESETS.values()]


def _card(preset: Preset, found: dict[str, Segment], uses: dict[int, list[Use]], words: Words) -> Card:
    upon = [found[key].pk for key in preset.upon if key in found]
    sentence = ""
    if len(upon) == len(preset.upon):
        try:
            sentence = parse(rule_of(preset, *upon)).sentence(words)
        except Refusal as refusal:  # a channel or topic that it names is not there in this shop
            sentence = refusal.message
    segment = found.get(preset.key)
    used = tuple(use.sentence for use in uses.get(segment.pk, ())) if segment is not None else ()
    return Card(preset, sentence, segment, used, reverse("segments:ready_count", args=[preset.key]))
