"""Storefronts: who signs tokens for shoppers; the secret is shown once and can be renewed. Owners only."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import Http404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit.admin import OWNER, OperatorPage
from config.kit.parts import Action, Cell, Column, Crumb, Empty, Table
from users.admin.secret import SecretPage
from users.models import Storefront
from users.services import storefronts

LIST = "users:storefronts"


class StorefrontList(OperatorPage):
    """Every storefront."""

    title = gettext_lazy("Storefronts")
    purpose = gettext_lazy("Shops that sign tokens with which their shoppers see points, levels and answers.")
    template_name = "operator/list.html"
    roles_that_see = (OWNER,)

    def get_crumbs(self) -> Sequence[Crumb]:
        """Beside the keys."""
        return [Crumb(gettext_lazy("API keys"), reverse("users:api_keys"))]

    def get_actions(self) -> Sequence[Action]:
        """A new one."""
        return [Action(gettext_lazy("New storefront"), reverse("users:storefront_create"), icon="add")]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """By name."""
        rows = [
            [
                Cell(str(one), url=reverse("users:storefront_secret", args=[one.pk])),
                one.name,
                one.created_at,
            ]
            for one in Storefront.objects.order_by("name")[:200]
        ]
        columns = [Column(_("Name")), Column(_("Name in tokens (aud)")), Column(_("Created"), "time")]
        empty = Empty(
            _("No storefront yet"),
            _("A shopper's token is signed with a storefront's secret."),
            Action(_("New storefront"), reverse("users:storefront_create")),
            icon="storefront",
        )
        return super().get_context_data(**kwargs) | {"table": Table(columns, rows, empty)}


class StorefrontForm(SecretPage):
    """A form that ends with a secret."""

    roles_that_see = (OWNER,)

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the storefronts."""
        return [Crumb(StorefrontList.title, reverse(LIST))]


class NewStorefrontForm(forms.Form):
    """Title and name."""

    title = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    name = forms.SlugField(
        label=gettext_lazy("Name in tokens (aud)"),
        max_length=50,
        help_text=gettext_lazy("Letters, digits and dashes, such as “web”. It cannot be changed."),
    )


class NewStorefront(StorefrontForm):
    """A new storefront."""

    title = gettext_lazy("New storefront")
    purpose = gettext_lazy("Its secret is shown once, on the next page.")
    form_class = NewStorefrontForm
    submit = gettext_lazy("Make the storefront")

    def make(self, form: Any) -> tuple[str, str]:
        """Its title and secret."""
        storefront, secret = storefronts.create(**form.cleaned_data, by=self.operator)
        return str(storefront), secret


class RenewSecret(StorefrontForm):
    """A new secret for a storefront."""

    purpose = gettext_lazy("A new secret: tokens signed with the old one are refused at once.")
    form_class = forms.Form
    submit = gettext_lazy("Make a new secret")

    @cached_property
    def storefront(self) -> Storefront:
        """Which one. Raises Http404."""
        found = Storefront.objects.filter(pk=self.kwargs["storefront_id"]).first()
        if found is None:
            raise Http404
        return found

    def get_title(self) -> StrOrPromise:
        """Its title."""
        return str(self.storefront)

    def make(self, form: Any) -> tuple[str, str]:
        """Its title and new secret."""
        storefront, secret = storefronts.renew_secret(self.storefront.pk, by=self.operator)
        return str(storefront), secret
