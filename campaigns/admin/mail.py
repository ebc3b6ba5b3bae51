"""The mail that the local server caught instead of sending, as a shopper would have read it."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit.admin import OperatorPage
from config.kit.parts import Cell, Column, Crumb, Empty, Table
from config.kit.refusal import NotFound
from config.sink import store
from users.models import Role

SEE = (Role.OPERATOR, Role.APPROVER, Role.SUPPORT)


class MailList(OperatorPage):
    """Caught messages, newest first."""

    title = gettext_lazy("Local mail")
    purpose = gettext_lazy("What the local mail server caught: nothing of it has left this machine.")
    template_name = "campaigns/mail_list.html"
    roles_that_see = SEE

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """One page of the sink."""
        number = self.request.GET.get("page", "1")
        caught = store.list_messages("mail", int(number) if number.isdecimal() else 1)
        rows = [
            [Cell(line.subject or _("(no subject)"), url=_address(line.id)), line.to, line.at]
            for line in caught.rows
        ]
        columns = [Column(_("Subject")), Column(_("To")), Column(_("Caught"), "time")]
        empty = Empty(_("No mail yet"), _("What campaigns and answers send appears here."), icon="mail")
        return super().get_context_data(**kwargs) | {
            "table": Table(columns, rows, empty),
            "older": caught.number + 1 if caught.number * caught.size < caught.total else None,
            "newer": caught.number - 1 if caught.number > 1 else None,
            "is_local": settings.EMAIL_PORT == settings.SINK_SMTP_PORT,
        }


class MailPage(OperatorPage):
    """One caught message. Its HTML is shown in a frame that may run nothing and load nothing from outside."""

    template_name = "campaigns/mail_message.html"
    roles_that_see = SEE

    def get_crumbs(self) -> Sequence[Crumb]:
        """From the list."""
        return [Crumb(_("Local mail"), reverse("campaigns:mail"))]

    def get_as_of(self) -> None:
        """A message does not change."""

    def get_title(self) -> str:
        """Its subject."""
        return self._message.subject or _("(no subject)")

    @property
    def _message(self) -> store.Message:
        try:
            return store.read_message(f"mail/{self.kwargs['mail_name']}")
        except FileNotFoundError:
            raise NotFound from None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The message."""
        return super().get_context_data(**kwargs) | {"message": self._message}


def _address(message_id: str) -> str:
    return reverse("campaigns:mail_message", args=[message_id.partition("/")[2]])
