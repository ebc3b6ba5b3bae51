"""Products owned on the customer page, and the form that registers a warranty card by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.http import Http404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from config.kit.admin import FormPage
from config.kit.given_names import as_read
from config.kit.parts import Crumb
from users.models import Customer, Product, Role
from users.pages import CustomerPanel, customer_panel
from users.reports import sales
from users.reports.periods import midnight
from users.services import owned


@dataclass(frozen=True, slots=True)
class Shown:
    """A line of the panel."""

    title: str
    serial: str
    how: str
    since: datetime
    end: datetime | None
    is_over: bool


def build(customer: Customer, now: datetime) -> dict[str, Any]:
    """What the customer owns, with the ends of warranties."""
    rows = sales.owned_by(customer.pk)
    names = dict(
        Product.objects.filter(product_id__in={row.product_id for row in rows}).values_list(
            "product_id", "name"
        )
    )
    shown = [
        Shown(
            (f"{row.quantity} × " if row.quantity > 1 else "")
            + (as_read(names.get(row.product_id) or row.product_id)),
            row.serial,
            row.get_source_display(),
            row.since,
            row.warranty_end,
            row.warranty_end is not None and row.warranty_end <= now,
        )
        for row in rows
    ]
    return {"owned": shown, "register_url": reverse("users:warranty", args=[customer.pk])}


def lend() -> None:
    """Put the panel on the customer page."""
    customer_panel(CustomerPanel("owned", _("Products owned"), 45, "users/owned_panel.html", build))


class WarrantyForm(forms.Form):
    """What a card says."""

    product_id = forms.CharField(label=_("Product ID"), max_length=100)
    serial = forms.CharField(label=_("Serial number"), max_length=100, required=False)
    purchased_at = forms.DateField(
        label=_("Day of the purchase"), widget=forms.DateInput(attrs={"type": "date"})
    )
    warranty_months = forms.IntegerField(
        label=_("Warranty in months"),
        required=False,
        min_value=0,
        max_value=owned.LONGEST_WARRANTY,
        help_text=_("Empty: what is usual for the product."),
    )


class RegisterWarranty(FormPage):
    """A warranty card by hand."""

    title = _("Warranty card")
    purpose = _(
        "Registers a product in the customer's hands; rules may ask for it and for the end of its warranty."
    )
    form_class = WarrantyForm
    submit = _("Register")
    done = _("Registered.")
    roles_that_act = (Role.OPERATOR, Role.SUPPORT)

    @cached_property
    def customer(self) -> Customer:
        """Whose. Raises Http404."""
        found = Customer.objects.filter(pk=self.kwargs["customer_id"], erased_at__isnull=True).first()
        if found is None:
            raise Http404
        return found

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the customer."""
        return [Crumb(str(self.customer), reverse("users:customer", args=[self.customer.pk]))]

    def act(self, form: Any) -> str:
        """Register, and back to the customer."""
        told = form.cleaned_data
        owned.register(
            self.customer.pk,
            product_id=told["product_id"],
            serial=told["serial"],
            since=midnight(told["purchased_at"]),
            months=told["warranty_months"],
            now=self.now,
            by=self.operator,
        )
        return reverse("users:customer", args=[self.customer.pk])
