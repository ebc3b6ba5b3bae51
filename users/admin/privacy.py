"""One customer's data: what is held, a copy of everything, and the erasure with its second look."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit import clock
from config.kit.admin import OperatorPage, has_role
from config.kit.parts import Action, Cell, Column, Crumb, Empty, Progress, Table, Tone
from config.kit.refusal import Refusal
from users.models import Customer, DataExport, LongJob, Role
from users.powers import COPY
from users.privacy import Erase
from users.reports.held import Held, held_about
from users.services import audit, bundles, erase
from users.services.long_jobs import OPEN

FATES: dict[Erase, tuple[StrOrPromise, Tone]] = {
    Erase.DELETE: (gettext_lazy("deleted"), "bad"),
    Erase.EMPTY: (gettext_lazy("emptied"), "warn"),
    Erase.KEEP: (gettext_lazy("stays"), "muted"),
}


class PrivacyPage(OperatorPage):
    """What is held, copies of it, and the way to erase it."""

    purpose = gettext_lazy("Everything held about this customer, a copy of it, and the erasure.")
    template_name = "users/privacy.html"
    roles_that_see = (Role.OPERATOR, Role.SUPPORT)
    roles_that_act = COPY.roles
    roles_that_erase = (Role.OPERATOR,)
    partials = {"copy": "users/privacy_copy.html"}

    @cached_property
    def customer(self) -> Customer:
        """The customer of the address. Raises Http404 for an unknown or erased one."""
        found = Customer.objects.living().filter(pk=self.kwargs["customer_id"]).first()
        if found is None:
            raise Http404
        return found

    def get_title(self) -> StrOrPromise:
        """What it is about."""
        return _("Data and privacy")

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the customer."""
        page = reverse("users:customer", args=[self.kwargs["customer_id"]])
        return [Crumb(_("Customers"), reverse("users:customers")), Crumb(str(self.customer), page)]

    def get_file(self) -> HttpResponseBase | None:
        """A copy that is ready; handing it out is audited."""
        key = self.request.GET.get("file", "")
        if not key:
            return None
        if not self.may_act:
            raise Refusal("forbidden", _("Your role may look at this, but not change it."), status=403)
        try:
            path = bundles.opened(self.customer.pk, UUID(key), self.now)
        except ValueError:
            raise Http404 from None
        audit.record("customer.download", by=self.operator, target=self.customer)
        return FileResponse(path.open("rb"), as_attachment=True, filename=f"customer-{self.customer.pk}.zip")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Ask for a copy, or for the erasure."""
        if request.POST.get("act") != "erase":
            bundles.ask(self.customer.pk, by=self.operator, now=self.now)
            self.say(_("The copy is being made; it appears here in a moment."))
            return HttpResponseRedirect(request.path)
        if not self.may_erase:
            raise Refusal("forbidden", _("Only an owner or an operator may erase."), status=403)
        erase.ask_to_erase(self.customer, typed=request.POST.get("typed", ""), by=self.operator)
        self.say(_("The data is being erased."))
        return HttpResponseRedirect(reverse("users:customers"))

    @property
    def may_erase(self) -> bool:
        """Whether this operator may erase."""
        return has_role(self.request.user, self.roles_that_erase)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The newest copy, and what is held where."""
        copy = bundles.latest(self.customer.pk, self.now)
        context = super().get_context_data(**kwargs) | {"customer": self.customer}
        context |= {"copy": copy, "progress": _progress(copy), "download": f"{self.request.path}?file="}
        if self.is_part:
            return context
        held = held_about(self.customer.pk)
        erasing = LongJob.objects.filter(
            kind=erase.ERASE, state__in=OPEN, parameters__customer=self.customer.pk
        ).exists()
        return context | {
            "may_erase": self.may_erase,
            "erasing": erasing,
            "name": str(self.customer),
            "ask": Action(_("Make a copy of everything"), self.request.path, icon="download", method="post"),
            "goes": sum(one.rows for one in held if one.holding.erase is Erase.DELETE),
            "table": _table([one for one in held if one.rows]),
        }


def _progress(copy: DataExport | None) -> Progress | None:
    if copy is None or copy.job.state not in OPEN:
        return None
    job = copy.job
    return Progress(
        job.in_words, job.done, job.total, job.started_at, clock.lease_now(), job.step_in_words, None
    )


def _table(held: list[Held]) -> Table:
    return Table(
        columns=[
            Column(_("What")),
            Column(_("Rows"), "number"),
            Column(_("In an erasure"), "tag"),
            Column(_("Why it stays")),
        ],
        rows=[
            [
                one.holding.title,
                one.rows,
                Cell(FATES[one.holding.erase][0], tone=FATES[one.holding.erase][1]),
                one.holding.why,
            ]
            for one in held
        ],
        empty=Empty(_("Nothing is held about this customer")),
        caption=_("What is held, and what an erasure does with it"),
    )
