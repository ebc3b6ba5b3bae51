"""Who may log in: the list of operators, a new one, a change of role or a lock-out. Owners only."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit import words
from config.kit.admin import OWNER, FormPage, OperatorPage
from config.kit.parts import Action, Cell, Column, Crumb, Empty, Table
from users.models import Operator, Role
from users.powers import Power, held_by, powers
from users.second_factor import is_demanded_of
from users.services import operators, settings
from users.services import second_factor as factors
from users.shop import second_factor


class OperatorList(OperatorPage):
    """Everybody who may log in."""

    title = gettext_lazy("Operators")
    purpose = gettext_lazy("Who may log in, and what each role may do.")
    template_name = "users/operators.html"
    roles_that_see = (OWNER,)

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the settings."""
        return [Crumb(gettext_lazy("Settings"), reverse("users:settings"))]

    def get_actions(self) -> Sequence[Action]:
        """A new one."""
        return [Action(gettext_lazy("New operator"), reverse("users:operator_create"), icon="person_add")]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """By name."""
        rows = [
            [
                Cell(str(operator), url=reverse("users:operator", args=[operator.pk])),
                operator.username,
                operator.email,
                operator.get_role_display(),
                operator.last_login,
                _factor(operator),
                Cell(_("Can log in"), tone="good", kind="tag")
                if operator.is_active
                else Cell(_("Locked out"), tone="bad", kind="tag"),
            ]
            for operator in Operator.objects.order_by("username")[:500]
        ]
        columns = [
            Column(pgettext("of a person", "Name")),
            Column(_("User name")),
            Column(_("E-mail")),
            Column(_("Role")),
            Column(_("Last log-in"), "time"),
            Column(_("Second factor"), "tag"),
            Column(_("State")),
        ]
        table = Table(columns, rows, Empty(_("No operator yet")))
        return super().get_context_data(**kwargs) | {"table": table, **self._factor()}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Demand the second factor, or do without it."""
        settings.change({second_factor.name: 1 if request.POST.get("demand") == "1" else 0}, by=self.operator)
        self.say(_("Saved."))
        return HttpResponseRedirect(request.path)

    def _factor(self) -> dict[str, Any]:
        """Whether a second factor is demanded, of whom and why, and the button for the other way."""
        demanded = second_factor.get() == 1
        asked = [role for role in Role.values if held_by(role)]
        lack = Operator.objects.filter(is_active=True, factor_at__isnull=True, role__in=asked)
        question = (
            _("From then on a password is enough to send and to export. Do without the second factor?")
            if demanded
            else _("Whoever sends or exports is led to the set-up with the next click, you too. Demand it?")
        )
        return {
            "demanded": demanded,
            "lacking": lack.count(),
            "powers": [(power.title, _roles(power)) for power in powers],
            "switch": Action(
                _("Do without") if demanded else _("Demand it"),
                self.request.path,
                method="post",
                confirm=question,
                danger=demanded,
                name="demand",
                value="0" if demanded else "1",
            ),
        }


def _roles(power: Power) -> str:
    return words.listed(str(Role(role).label) for role in (OWNER, *power.roles))


def _factor(operator: Operator) -> Cell:
    if operator.factor_at is not None:
        return Cell(_("Set up"), tone="good", kind="tag")
    missing = is_demanded_of(operator.role)
    return Cell(_("Missing") if missing else _("None"), tone="bad" if missing else "muted", kind="tag")


class OperatorForm(FormPage):
    """A form below the operators."""

    roles_that_see = (OWNER,)
    done = gettext_lazy("Saved.")

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the operators."""
        return [
            Crumb(gettext_lazy("Settings"), reverse("users:settings")),
            Crumb(gettext_lazy("Operators"), reverse("users:operators")),
        ]


class NewOperatorForm(forms.Form):
    """Name, role and a first password."""

    username = forms.CharField(label=gettext_lazy("User name"), max_length=150)
    name = forms.CharField(label=pgettext_lazy("of a person", "Name"), max_length=100, required=False)
    email = forms.EmailField(label=gettext_lazy("E-mail"), required=False)
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Role.choices, initial=Role.OPERATOR)
    password = forms.CharField(
        label=gettext_lazy("First password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        validators=[validate_password],
        help_text=gettext_lazy(
            "At least 8 characters. Tell it in person; it can be changed after the log-in."
        ),
    )


class NewOperator(OperatorForm):
    """A new operator."""

    title = gettext_lazy("New operator")
    purpose = gettext_lazy("Somebody who may log in from now on.")
    form_class = NewOperatorForm
    submit = gettext_lazy("Create the operator")

    def act(self, form: NewOperatorForm) -> str:
        """Create, then show the list."""
        operators.create_operator(**form.cleaned_data, by=self.operator)
        return reverse("users:operators")


class ChangeOperatorForm(forms.Form):
    """Role and whether the log-in works."""

    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Role.choices)
    is_active = forms.BooleanField(
        label=gettext_lazy("May log in"),
        required=False,
        help_text=gettext_lazy("Taken away, a session that is open ends with its next click."),
    )


class ChangeOperator(OperatorForm):
    """One operator."""

    purpose = gettext_lazy("What this person may do.")
    edits = True
    form_class = ChangeOperatorForm

    @cached_property
    def target(self) -> Operator:
        """Who is changed. Raises Http404."""
        found = Operator.objects.filter(pk=self.kwargs["operator_id"]).first()
        if found is None:
            raise Http404
        return found

    def get_title(self) -> StrOrPromise:
        """The name."""
        return str(self.target)

    def get_actions(self) -> Sequence[Action]:
        """A lost telephone."""
        if self.target.factor_at is None:
            return []
        question = _(
            "%(name)s then logs in by password alone and sets up a new one. Is it really this person?"
        )
        reset = Action(
            _("Reset the second factor"),
            self.request.path,
            method="post",
            confirm=question % {"name": self.target},
            ask_for=self.target.username,
            danger=True,
            name="reset",
            value="1",
        )
        return [reset]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The form, or the reset of the second factor."""
        if "reset" not in request.POST:
            return super().post(request, *args, **kwargs)
        factors.reset(self.target.pk, by=self.operator)
        self.say(_("The second factor is reset; whoever was logged in under this name is out."))
        return HttpResponseRedirect(request.path)

    def get_initial(self) -> dict[str, Any]:
        """As it is."""
        return {"role": self.target.role, "is_active": self.target.is_active}

    def act(self, form: ChangeOperatorForm) -> str:
        """Change, then show the list."""
        operators.change_operator(self.target.pk, **form.cleaned_data, by=self.operator)
        return reverse("users:operators")
