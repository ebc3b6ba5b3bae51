"""Dead letters: what was refused or could not be applied, in words, and a button that sends it in again."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext
from django_stubs_ext import StrOrPromise

from config.kit import strict_json
from config.kit.admin import OperatorPage
from config.kit.paging import page
from config.kit.parts import Action, Cell, Choice, Column, Crumb, Empty, Fact, Filter, Table
from users.models import DeadLetter, Role
from users.services import dead_letters
from users.services.dead_letters import Replayed
from users.tracking.refusals import ITEM

MOST_FACTS = 100
CLAMPED = "clamped"  # a mark of ours beside what was received
LIST = "users:dead_letters"


class DeadLetterList(OperatorPage):
    """What waits, newest first."""

    title = gettext_lazy("Dead letters")
    purpose = gettext_lazy(
        "Events that were refused or could not be applied. Nothing is lost: send them in again."
    )
    template_name = "operator/list.html"
    roles_that_see = (Role.OPERATOR, Role.ANALYST)
    roles_that_act = (Role.OPERATOR,)

    def get_actions(self) -> Sequence[Action]:
        """All that the filter shows, up to the most that go at once."""
        count = len(self.chosen().values_list("pk")[: dead_letters.MOST_AT_ONCE])
        if not count:
            return []
        return [
            Action(
                ngettext("Send %(count)s in again", "Send %(count)s in again", count) % {"count": count},
                self.request.get_full_path(),
                icon="replay",
                method="post",
                confirm=_("Send the newest %(count)s of these in again? Those still wrong stay here.")
                % {"count": count},
                name="all",
                value="1",
            )
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """One page."""
        found = page(
            self.chosen().select_related("key"), ("-parked_at", "-pk"), self.request.GET.get("cursor", "")
        )
        codes = [Choice(code, sentence) for code, sentence in ITEM.items()]
        return super().get_context_data(**kwargs) | {
            "filters": [Filter("reason", _("Reason"), codes, self.request.GET.get("reason", ""))],
            "table": Table(
                columns=[
                    Column(_("Parked"), "time"),
                    Column(_("What")),
                    Column(_("Why")),
                    Column(_("Field")),
                    Column(pgettext("where it came", "From")),
                ],
                rows=[_row(letter) for letter in found.rows],
                empty=Empty(
                    _("Nothing was refused"),
                    _("An event that breaks a rule of the tracking API would wait here with the reason."),
                    icon="mark_email_read",
                ),
                next=found.next,
                previous=found.previous,
            ),
        }

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Replay what the filter shows."""
        newest = self.chosen().values_list("pk", flat=True)[: dead_letters.MOST_AT_ONCE]
        self.say(outcome(dead_letters.replay(list(newest), by=self.operator)))
        return HttpResponseRedirect(request.get_full_path())

    def chosen(self) -> Any:
        """The letters that the filter lets through."""
        reason = self.request.GET.get("reason", "")
        return dead_letters.waiting().filter(**({"code": reason} if reason in ITEM else {}))


class DeadLetterPage(OperatorPage):
    """One letter."""

    purpose = gettext_lazy("What came, and why it was not taken.")
    template_name = "users/dead_letter.html"
    roles_that_see = DeadLetterList.roles_that_see
    roles_that_act = DeadLetterList.roles_that_act

    @cached_property
    def letter(self) -> DeadLetter:
        """The letter. Raises Http404."""
        found = DeadLetter.objects.select_related("key").filter(pk=self.kwargs["letter_id"]).first()
        if found is None:
            raise Http404
        return found

    def get_title(self) -> StrOrPromise:
        """What it is."""
        return what(self.letter)

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the list."""
        return [Crumb(DeadLetterList.title, reverse(LIST))]

    def get_actions(self) -> Sequence[Action]:
        """Replay, while it waits."""
        if self.letter.replayed_at:
            return []
        return [Action(_("Send it in again"), self.request.path, icon="replay", method="post")]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The reason, where it came from, what it says."""
        letter = self.letter
        about = [
            Fact(_("Why"), Cell(why(letter.code))),
            Fact(_("Field"), Cell(letter.field)),
            Fact(_("Received"), Cell(letter.received_at, kind="time")),
            Fact(_("Parked"), Cell(letter.parked_at, kind="time")),
            Fact(pgettext("where it came", "From"), Cell(source(letter))),
            Fact(_("Sent in again"), Cell(letter.replayed_at, kind="time")),
        ]
        return super().get_context_data(**kwargs) | {
            "about": about,
            "detail": letter.detail,
            "told": [Fact(name, Cell(value)) for name, value in flat(opened(letter))[:MOST_FACTS]],
        }

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Replay this one."""
        self.say(outcome(dead_letters.replay([self.letter.pk], by=self.operator)))
        return HttpResponseRedirect(request.path)


def outcome(replayed: Replayed) -> str:
    """What replaying came to, as a sentence."""
    taken = ngettext("%(count)s event was taken", "%(count)s events were taken", replayed.accepted)
    refused = ngettext("%(count)s is still refused", "%(count)s are still refused", replayed.refused)
    told = {"taken": taken % {"count": replayed.accepted}, "refused": refused % {"count": replayed.refused}}
    return _("%(taken)s, %(refused)s.") % told


def why(code: str) -> StrOrPromise:
    """The reason as a sentence."""
    return ITEM.get(code, code)


def source(letter: DeadLetter) -> str:
    """The key it came with."""
    return str(letter.key) if letter.key else _("Regulars")


def opened(letter: DeadLetter) -> Any:
    """What it says; the bare text where it is too long or too deep to be read."""
    try:
        return strict_json.parse(letter.item.encode()).value
    except strict_json.Flaw:
        return letter.item[:2_000]


def what(letter: DeadLetter) -> str:
    """What it is, in a few words: the event's name, else its type."""
    told = opened(letter)
    if not isinstance(told, Mapping):
        return _("Not an event")
    name = told.get("event") or told.get("name") or told.get("type")
    return name[:80] if isinstance(name, str) else _("Event without a name")


def flat(told: Any, name: str = "") -> list[tuple[str, str]]:
    """Names and values of a nested value: ``properties · price`` and ``9.5``. Empty ones are left out."""
    if isinstance(told, Mapping):
        pairs = [
            (f"{name} · {key}" if name else str(key), value)
            for key, value in told.items()
            if name or key != CLAMPED
        ]
    elif isinstance(told, list):
        pairs = [(f"{name} {number}", value) for number, value in enumerate(told, 1)]
    else:
        text = _plain(told)
        return [(readable(name) or _("Content"), readable(text)[:500])] if text else []
    return [line for key, value in pairs[:MOST_FACTS] for line in flat(value, key)]


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return "" if value is None else str(value)


def readable(text: str) -> str:
    """The text with what no page can show (half characters, NUL) replaced."""
    return text.encode("utf-8", "replace").decode().replace("\0", "␀")


def _row(letter: DeadLetter) -> list[Any]:
    return [
        letter.parked_at,
        Cell(readable(what(letter)), url=reverse("users:dead_letter", args=[letter.pk])),
        why(letter.code),
        letter.field,
        source(letter),
    ]
