"""How points are earned: the rules, and the award of past orders."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any, ClassVar

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from config.kit import words
from config.kit.admin import FormPage, OperatorPage
from config.kit.parts import Action, Cell, Column, Crumb, Empty, Table
from growth import shop
from growth.models import EarningRule
from growth.services import backfill, setup
from growth.services.orders import rule_in_force
from users import shop as users_shop
from users.models import Role


class UnderGrowth:
    """The way to the pages that set growth up."""

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under growth."""
        return [Crumb(gettext_lazy("Growth"), reverse("growth:home"))]


class Rules(UnderGrowth, OperatorPage):
    """The earning rules, in their order."""

    title = gettext_lazy("Earning rules")
    purpose = gettext_lazy("What a paid order earns. The first rule in force decides.")
    template_name = "operator/list.html"
    roles_that_act: ClassVar[Sequence[str]] = (Role.OPERATOR,)

    def get_actions(self) -> Sequence[Action]:
        """A further rule."""
        return [Action(_("New rule"), reverse("growth:rule_new"), icon="add")]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Every rule with what it says."""
        deciding = rule_in_force()
        return super().get_context_data(**kwargs) | {
            "table": Table(
                columns=[
                    Column(_("Priority"), "number"),
                    Column(_("Rule")),
                    Column(_("What it says")),
                    Column(_("State"), "tag"),
                ],
                rows=[_rule_row(rule, deciding) for rule in EarningRule.objects.all()],
                empty=Empty(_("No rule"), _("Without a rule no order earns points."), icon="rule"),
            ),
        }


class RuleForm(forms.ModelForm[EarningRule]):
    """A rule as an operator states it."""

    class Meta:
        model = EarningRule
        fields = ("name", "points_per_unit", "is_active", "position")
        labels: ClassVar = {"position": gettext_lazy("Priority")}
        help_texts: ClassVar = {
            "points_per_unit": gettext_lazy(
                "For every whole unit of what the customer paid, net of tax and shipping."
            ),
            "position": gettext_lazy("The rule in force with the smallest number decides."),
        }

    def clean_points_per_unit(self) -> Any:
        """A rule gives points, it does not take them."""
        value = self.cleaned_data["points_per_unit"]
        if value < 0:
            raise forms.ValidationError(_("A rule cannot take points away."))
        return value


class EditRule(UnderGrowth, FormPage):
    """State or change a rule."""

    title = gettext_lazy("Earning rule")
    purpose = gettext_lazy("Acts on orders paid from now on; what was earned before stays.")
    form_class = RuleForm
    done = gettext_lazy("The rule is saved.")
    roles_that_see: ClassVar[Sequence[str]] = (Role.OPERATOR,)
    roles_that_act: ClassVar[Sequence[str]] = (Role.OPERATOR,)

    def get_form_kwargs(self) -> dict[str, Any]:
        """The rule of the address, or a new one."""
        pk = self.kwargs.get("pk")
        return super().get_form_kwargs() | {"instance": get_object_or_404(EarningRule, pk=pk) if pk else None}

    def get_consequence(self, form: Any) -> str:
        """The rule read back."""
        return rule_sentence(form.instance) if form.instance.pk else ""

    def act(self, form: RuleForm) -> str:
        """Save and audit."""
        setup.save_rule(form.save(commit=False), by=self.operator)
        return reverse("growth:rules")


class AwardForm(forms.Form):
    """The days whose orders shall earn; ``asked`` holds what has been read back."""

    since = forms.DateField(label=gettext_lazy("Paid from"), widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(
        label=gettext_lazy("Paid up to and including"), widget=forms.DateInput(attrs={"type": "date"})
    )
    asked = forms.CharField(widget=forms.HiddenInput, required=False)

    def clean(self) -> dict[str, Any]:
        """The days in order."""
        wish = super().clean() or {}
        if wish.get("since") and wish.get("until") and wish["until"] < wish["since"]:
            self.add_error("until", _("This day is before the first one."))
        return wish

    @property
    def period(self) -> tuple[datetime, datetime]:
        """From (included) to (excluded), midnights in the shop's zone."""
        zone = words.shop_zone()
        first, last = self.cleaned_data["since"], self.cleaned_data["until"] + timedelta(days=1)
        return datetime.combine(first, time(), tzinfo=zone), datetime.combine(last, time(), tzinfo=zone)

    @property
    def wish(self) -> str:
        """What was entered, in one word to compare with."""
        return f"{self.cleaned_data['since']}|{self.cleaned_data['until']}"


class Award(UnderGrowth, FormPage):
    """Award past orders on purpose: imported history earns nothing by itself."""

    title = gettext_lazy("Award past orders")
    purpose = gettext_lazy("Imported orders earn nothing by themselves. Here you can decide otherwise.")
    form_class = AwardForm
    submit = gettext_lazy("Preview")
    done = gettext_lazy("The award has begun; the jobs page shows how far it is.")
    roles_that_see: ClassVar[Sequence[str]] = (Role.OPERATOR,)
    roles_that_act: ClassVar[Sequence[str]] = (Role.OPERATOR,)

    def form_valid(self, form: AwardForm) -> HttpResponse:
        """Show the preview first; begin when the same days come again."""
        if form.cleaned_data["asked"] == form.wish:
            return super().form_valid(form)
        again = AwardForm({**form.cleaned_data, "asked": form.wish})
        again.is_valid()
        return self.render_to_response(self.get_context_data(form=again) | {"submit": _("Award them")})

    def get_consequence(self, form: Any) -> str:
        """The preview as a sentence."""
        if not (form.is_bound and form.is_valid()):
            return ""
        since, until = form.period
        seen = backfill.preview(since=since, until=until)
        figures = {
            "orders": words.number(seen.orders),
            "customers": words.number(seen.customers),
            "points": words.number(seen.points),
        }
        return (
            _("%(orders)s orders of %(customers)s customers earn %(points)s points, as of their days.")
            % figures
        )

    def act(self, form: AwardForm) -> str:
        """Begin the long job."""
        since, until = form.period
        backfill.start(since=since, until=until, by=self.operator)
        return reverse("growth:home")


def rule_sentence(rule: EarningRule) -> str:
    """What a rule says, in words."""
    days = shop.return_days.get()
    return ngettext(
        "Each whole %(currency)s of a paid order earns %(points)s points, active after %(days)s day.",
        "Each whole %(currency)s of a paid order earns %(points)s points, active after %(days)s days.",
        days,
    ) % {"currency": users_shop.currency.get(), "points": words.number(rule.points_per_unit), "days": days}


def _rule_row(rule: EarningRule, deciding: EarningRule | None) -> list[Any]:
    state = Cell(_("off"), tone="muted")
    if rule.is_active:
        state = Cell(_("decides"), tone="good") if rule == deciding else Cell(_("in force, not reached"))
    name = Cell(rule.name, url=reverse("growth:rule", args=[rule.pk]))
    return [rule.position, name, rule_sentence(rule), state]
