"""API keys: the list, a new one (shown once), and taking one back. Owners only."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit import words
from config.kit.admin import OWNER, OperatorPage
from config.kit.given_names import as_read
from config.kit.parts import Action, Cell, Column, Crumb, Empty, Table
from users import scopes
from users.admin.secret import SecretPage
from users.models import ApiKey, Scope
from users.services import api_keys

LIST = "users:api_keys"


class ApiKeyList(OperatorPage):
    """Every key, the living first."""

    title = gettext_lazy("API keys")
    purpose = gettext_lazy("What shop windows and back ends show when they talk to Regulars.")
    template_name = "operator/list.html"
    roles_that_see = (OWNER,)

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the settings."""
        return [Crumb(gettext_lazy("Settings"), reverse("users:settings"))]

    def get_actions(self) -> Sequence[Action]:
        """Storefronts beside, a new key."""
        return [
            Action(gettext_lazy("Storefronts"), reverse("users:storefronts"), icon="storefront"),
            Action(gettext_lazy("New key"), reverse("users:api_key_create"), icon="add"),
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """At most 500."""
        keys = ApiKey.objects.order_by("revoked_at", "-created_at")[:500]
        table = Table(
            columns=[
                Column(_("Name")),
                Column(_("Begins with")),
                Column(_("May")),
                Column(_("Created"), "time"),
                Column(_("State"), "tag"),
                Column("", "action"),
            ],
            rows=[_row(key) for key in sorted(keys, key=lambda key: key.revoked_at is not None)],
            empty=Empty(
                _("No key yet"),
                _("A storefront needs one to tell Regulars what happens in it."),
                Action(_("New key"), reverse("users:api_key_create")),
                icon="key",
            ),
        )
        return super().get_context_data(**kwargs) | {"table": table}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Revoke one."""
        number = request.POST.get("revoke", "")
        key = (
            ApiKey.objects.filter(pk=int(number)).first() if number.isdecimal() and len(number) < 19 else None
        )
        if key is not None:
            api_keys.revoke(key, by=self.operator)
            self.say(_("The key is worthless within seconds."))
        return HttpResponseRedirect(reverse(LIST))


class NewKeyForm(forms.Form):
    """Name and scope."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        help_text=gettext_lazy("Where it is used: “Web shop”, “Till”."),
    )
    scope = forms.ChoiceField(
        label=gettext_lazy("May"),
        choices=Scope.choices,
        widget=forms.RadioSelect,
        initial=Scope.WRITE,
        help_text=gettext_lazy("Only what a server key says of orders, contacts and consents is believed."),
    )
    may = forms.MultipleChoiceField(
        label=gettext_lazy("Of a server key, only"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Without any of these it may do everything."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(name, scopes.in_words(name)) for name in scopes.scopes.names()]
        self.fields["may"].choices = known  # type: ignore[attr-defined]  # a ChoiceField

    def clean(self) -> dict[str, Any]:
        """A write key has no scopes to choose."""
        told: dict[str, Any] = super().clean() or {}
        if told.get("may") and told.get("scope") != Scope.SERVER:
            raise forms.ValidationError({"may": _("Only a server key can be limited so.")})
        return told


class NewKey(SecretPage):
    """A new key."""

    title = gettext_lazy("New API key")
    purpose = gettext_lazy("The key is shown once, on the next page.")
    form_class = NewKeyForm
    submit = gettext_lazy("Make the key")
    roles_that_see = (OWNER,)

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the keys."""
        return [Crumb(ApiKeyList.title, reverse(LIST))]

    def make(self, form: Any) -> tuple[str, str]:
        """The key's name and the key."""
        scope = Scope(form.cleaned_data["scope"])
        key, secret = api_keys.create(
            name=form.cleaned_data["name"], scope=scope, may=form.cleaned_data["may"], by=self.operator
        )
        return key.name, secret


def _row(key: ApiKey) -> list[Any]:
    revoke = Action(
        _("Revoke"),
        reverse(LIST),
        method="post",
        confirm=_("Revoke “%(name)s”? What uses it is refused from then on.") % {"name": as_read(key.name)},
        ask_for=as_read(key.name),
        danger=True,
        name="revoke",
        value=str(key.pk),
    )
    return [
        as_read(key.name),
        f"{key.prefix}…",
        words.listed(map(scopes.in_words, key.may)) if key.may else key.get_scope_display(),
        key.created_at,
        Cell(_("Revoked"), tone="muted") if key.revoked_at else Cell(_("In use"), tone="good"),
        None if key.revoked_at else revoke,
    ]
