"""The inbox: every conversation, those that wait first."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit.admin import OperatorPage
from config.kit.paging import page
from config.kit.parts import Cell, Choice, Column, Empty, Filter, Stat, Table, Tone
from feedback.models import Conversation, ConversationKind, ConversationState
from feedback.reports import inbox as reports
from feedback.words import due_in_words
from users.models import Operator, Role

NOBODY, MINE, LATE = "nobody", "me", "late"
TONES: dict[str, Tone] = {
    ConversationState.WAITING: "warn",
    ConversationState.ANSWERED: "info",
    ConversationState.SOLVED: "good",
}


class Inbox(OperatorPage):
    """What customers wrote; the longest wait stands on top."""

    title = gettext_lazy("Feedback")
    purpose = gettext_lazy("What customers write to us. Who waits longest stands on top.")
    template_name = "feedback/inbox.html"
    partials = {"list": "components/table.html"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Figures, filters and one page of conversations."""
        order = (
            ("waiting_since", "key")
            if self._state == ConversationState.WAITING
            else ("-last_message_at", "-key")
        )
        found = page(self._rows(), order, self.request.GET.get("cursor", ""))
        return super().get_context_data(**kwargs) | {
            "stats": self._stats(),
            "filters": self._filters(),
            "table": Table(
                columns=[
                    Column(_("Customer"), "person"),
                    Column(_("Matter")),
                    Column(_("Kind"), "tag"),
                    Column(_("State"), "tag"),
                    Column(_("Answer")),
                    Column(_("Assigned to")),
                    Column(_("Last word"), "time"),
                ],
                rows=[self._row(conversation) for conversation in found.rows],
                empty=Empty(
                    _("Nobody waits"), _("Questions of customers appear here as they come."), icon="forum"
                ),
                next=found.next,
                previous=found.previous,
            ),
        }

    @property
    def _state(self) -> str:
        """The state asked for; without one, what waits. ``all`` shows every state."""
        return self.request.GET.get("state", ConversationState.WAITING)

    def _rows(self) -> "QuerySet[Conversation]":
        rows = Conversation.objects.select_related("customer", "assignee")
        if self._state in ConversationState.values:
            rows = rows.filter(state=self._state)
        kind, whose = self.request.GET.get("kind", ""), self.request.GET.get("assignee", "")
        if kind in ConversationKind.values:
            rows = rows.filter(kind=kind)
        if whose == NOBODY:
            rows = rows.filter(assignee=None)
        elif whose == MINE:
            rows = rows.filter(assignee=self.operator)
        elif whose.isdecimal():
            rows = rows.filter(assignee_id=int(whose[:9]))
        if self.request.GET.get("due") == LATE:
            rows = rows.filter(reply_due_at__lt=self.now)
        return rows

    def _filters(self) -> list[Filter]:
        states = [*(Choice(s.value, s.label) for s in ConversationState), Choice("all", _("All"))]
        people = [Choice(MINE, _("me")), Choice(NOBODY, _("nobody"))]
        people += [Choice(str(agent.pk), str(agent)) for agent in agents()]
        kinds = [Choice(kind.value, kind.label) for kind in ConversationKind]
        chosen = self.request.GET
        return [
            Filter("state", _("State"), states, chosen.get("state", "")),
            Filter("kind", _("Kind"), kinds, chosen.get("kind", "")),
            Filter("assignee", _("Assigned to"), people, chosen.get("assignee", "")),
            Filter("due", _("Answer"), [Choice(LATE, _("late"))], chosen.get("due", "")),
        ]

    def _stats(self) -> list[Stat]:
        waiting, replies = reports.waiting(self.now), reports.first_replies(self.now)
        here, window = reverse("feedback:inbox"), _("opened in the last 30 days")
        share = replies.in_time / replies.replied if replies.replied else None
        return [
            Stat(_("Waiting for us"), waiting.waiting, window=_("now"), url=here, more_is="bad"),
            Stat(_("Late"), waiting.late, window=_("now"), url=f"{here}?due={LATE}", more_is="bad"),
            Stat(_("First answers in time"), share, "percent", of=replies.replied, window=window),
        ]

    def _row(self, conversation: Conversation) -> list[Any]:
        matter = Cell(conversation.subject, url=address_of(conversation))
        kind = Cell(
            conversation.get_kind_display(),
            tone="bad" if conversation.kind == ConversationKind.COMPLAINT else "",
        )
        state = Cell(conversation.get_state_display(), tone=TONES[conversation.state])
        late = conversation.is_late(self.now)
        due = Cell(due_in_words(conversation.reply_due_at, self.now), tone="bad" if late else "")
        whose = str(conversation.assignee or "–")
        return [conversation.customer, matter, kind, state, due, whose, conversation.last_message_at]


def agents() -> "QuerySet[Operator]":
    """Operators who may answer."""
    return Operator.objects.filter(
        is_active=True, is_staff=True, role__in=[Role.SUPPORT, Role.OWNER]
    ).order_by("first_name", "username")


def address_of(conversation: Conversation) -> str:
    """The page of a conversation."""
    return reverse("feedback:conversation", args=[conversation.key])
