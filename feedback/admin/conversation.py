"""One conversation: the thread, who the customer is, and what to say."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit.admin import OperatorPage
from config.kit.parts import Crumb
from config.kit.refusal import Refusal
from feedback.admin.inbox import TONES, agents
from feedback.models import Conversation, ConversationState
from feedback.powers import ANSWER
from feedback.reports.threads import thread
from feedback.services import conversations
from feedback.words import due_in_words
from users.models import Operator
from users.pages import customer_panels

# What is worth knowing while answering; the rest is a click away on the customer's page.
SIDE_PANELS = ("points",)


class ConversationPage(OperatorPage):
    """The thread with its acts; the form says how many messages the operator has seen."""

    purpose = gettext_lazy("Answers go to the customer over the storefront and by mail; notes stay here.")
    template_name = "feedback/conversation.html"
    roles_that_act: ClassVar[Sequence[str]] = ANSWER.roles

    @cached_property
    def conversation(self) -> Conversation:
        """The conversation of the address."""
        return conversations.of_anybody(self.kwargs["key"])

    def get_title(self) -> str:
        """What it is about."""
        return self.conversation.subject

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the inbox."""
        return [Crumb(gettext_lazy("Feedback"), reverse("feedback:inbox"))]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The thread, the customer, and a key of its own for what will be said."""
        conversation = self.conversation
        said = thread(conversation)
        draft = kwargs.pop("draft", "")
        return super().get_context_data(**kwargs) | {
            "conversation": conversation,
            "customer": conversation.customer,
            "messages_said": said.messages,
            "seen": len(said.messages),
            "key": uuid.uuid4().hex,
            "draft": draft,
            "due": due_in_words(conversation.reply_due_at, self.now),
            "is_late": conversation.is_late(self.now),
            "is_solved": conversation.state == ConversationState.SOLVED,
            "tone": TONES[conversation.state],
            "agents": agents(),
            "panels": self._panels(conversation),
        }

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """One act. What was written is not lost when it is refused."""
        act = self._acts.get(request.POST.get("act", ""))
        if act is None:
            raise Refusal("unknown_act", _("This page has no such button."))
        try:
            self.say(act(request))
        except Refusal as refusal:
            return self._again(refusal)
        return HttpResponseRedirect(request.get_full_path())

    @property
    def _acts(self) -> dict[str, Callable[[HttpRequest], str]]:
        return {
            "reply": self._reply,
            "note": self._note,
            "assign": self._assign,
            "solve": self._solve,
            "reopen": self._reopen,
        }

    def _reply(self, request: HttpRequest) -> str:
        seen = request.POST.get("seen", "")
        conversations.reply(
            self.conversation,
            request.POST.get("text", ""),
            seen=int(seen[:9]) if seen.isdecimal() else -1,
            key=_key(request),
            by=self.operator,
            now=self.now,
        )
        return _("The answer is on its way.")

    def _note(self, request: HttpRequest) -> str:
        text = request.POST.get("text", "")
        conversations.note(self.conversation, text, key=_key(request), by=self.operator, now=self.now)
        return _("Noted; the customer does not see it.")

    def _assign(self, request: HttpRequest) -> str:
        wanted = request.POST.get("assignee", "")
        to: Operator | None = agents().filter(pk=int(wanted[:9])).first() if wanted.isdecimal() else None
        conversations.assign(self.conversation, to, by=self.operator)
        return _("Assigned to %(name)s.") % {"name": to} if to else _("Assigned to nobody.")

    def _solve(self, request: HttpRequest) -> str:
        conversations.solve(self.conversation, by=self.operator, now=self.now)
        return _("Solved.")

    def _reopen(self, request: HttpRequest) -> str:
        conversations.reopen(self.conversation, by=self.operator, now=self.now)
        return _("Open again.")

    def _again(self, refusal: Refusal) -> HttpResponse:
        """The page as it is now, with what the operator wrote and why it was not taken."""
        del self.conversation
        context = self.get_context_data(draft=self.request.POST.get("text", ""), refusal=refusal)
        return self.render_to_response(context, status=refusal.status)

    def _panels(self, conversation: Conversation) -> list[tuple[Any, dict[str, Any]]]:
        wanted = [customer_panels.get(name) for name in SIDE_PANELS]
        return [(panel, panel.build(conversation.customer, self.now)) for panel in wanted if panel]


def _key(request: HttpRequest) -> str:
    """The key of the form that was sent, so that sending it twice says it once."""
    return request.POST.get("key", "").replace("\0", "")[:64] or uuid.uuid4().hex
