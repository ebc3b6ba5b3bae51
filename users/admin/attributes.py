"""Custom attributes: what the traffic tells beyond the profile, how far it reaches, how its values are spread."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import Http404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit import words
from config.kit.admin import FormPage, OperatorPage, has_role
from config.kit.charts import Chart, Series
from config.kit.given_names import as_read
from config.kit.parts import Cell, Choice, Column, Crumb, Empty, Filter, Table
from users.dimensions import ATTRIBUTE
from users.groups import group_url
from users.models import AttributeDefinition, AttributeKind, Role
from users.reports import attributes as report
from users.services import attributes

BARS = 12


class AttributeList(OperatorPage):
    """Every attribute that was seen."""

    title = gettext_lazy("Attributes")
    purpose = gettext_lazy(
        "What the traffic tells of customers beyond the profile. Give them names that people understand."
    )
    template_name = "operator/list.html"

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the reports."""
        return [Crumb(gettext_lazy("Reports"), reverse("users:reports"))]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Those of most customers first; the hidden ones when asked for."""
        hidden = self.request.GET.get("show") == "hidden"
        found = report.definitions(hidden=hidden)
        everybody = report.everybody(self.now)
        return super().get_context_data(**kwargs) | {
            "filters": [
                Filter("show", _("Show"), [Choice("hidden", _("Hidden ones"))], "hidden" if hidden else "")
            ],
            "table": Table(
                [
                    Column(_("Attribute")),
                    Column(_("Kind")),
                    Column(_("Customers"), "number"),
                    Column(_("Share"), "percent"),
                    Column(_("Examples")),
                    Column(_("First told"), "time"),
                    Column(_("Last told"), "time"),
                ],
                [_row(definition, everybody) for definition in found],
                Empty(
                    _("No attribute yet"),
                    _(
                        "Whatever an identify call says beyond the profile's own traits appears here within minutes."
                    ),
                    icon="data_object",
                ),
            ),
        }


class AttributeForm(forms.Form):
    """Names for people, and whether it is shown."""

    label = forms.CharField(label=gettext_lazy("Name in English"), max_length=100, required=False)
    label_zh = forms.CharField(label=gettext_lazy("Name in Chinese"), max_length=100, required=False)
    is_hidden = forms.BooleanField(
        label=gettext_lazy("Hidden"),
        required=False,
        help_text=gettext_lazy("Left out of lists and of the customer page; rules still read it."),
    )


class AttributePage(FormPage):
    """One attribute: its values with the customers behind them, its names."""

    template_name = "users/attribute.html"
    edits = True
    form_class = AttributeForm
    roles_that_act = (Role.OPERATOR, Role.ANALYST)

    @cached_property
    def definition(self) -> AttributeDefinition:
        """The attribute of the address. Raises Http404."""
        found = AttributeDefinition.objects.filter(pk=self.kwargs["attribute_id"]).first()
        if found is None:
            raise Http404
        return found

    def get_title(self) -> StrOrPromise:
        """Its name."""
        return self.definition.title

    def get_purpose(self) -> StrOrPromise:
        """What the traffic calls it, and what kind it is."""
        about = {"name": self.definition.name, "kind": self.definition.get_kind_display()}
        return _("“%(name)s” in the traffic; kind of values: %(kind)s.") % about

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the attributes."""
        return [
            Crumb(gettext_lazy("Reports"), reverse("users:reports")),
            Crumb(gettext_lazy("Attributes"), reverse("users:attributes")),
        ]

    def get_initial(self) -> dict[str, Any]:
        """As it is."""
        one = self.definition
        return {"label": one.label, "label_zh": one.label_zh, "is_hidden": one.is_hidden}

    def act(self, form: AttributeForm) -> None:
        """Save the names."""
        attributes.describe(self.definition, **form.cleaned_data, by=self.operator)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The spread as bars and as a table."""
        spread = report.spread(self.definition.name, self.now)
        top = spread.values[:BARS]
        return super().get_context_data(**kwargs) | {
            "may_describe": has_role(self.request.user, self.roles_that_act),
            "chart": Chart(
                "spread",
                _("Customers by value"),
                [_shown(value.text, self.definition.kind)[:40] for value in top],
                [Series(_("Customers"), [value.customers for value in top])],
                kind="bar",
                summary=_("%(n)s customers have a value.") % {"n": words.number(spread.with_it)},
            )
            if top
            else None,
            "table": self._table(spread),
        }

    def _table(self, spread: report.Spread) -> Table:
        rows = [
            [
                _shown(value.text, self.definition.kind)[:200],
                Cell(value.customers, url=self._behind(value.text)),
                value.customers / spread.with_it,
            ]
            for value in spread.values
        ]
        if spread.others:
            rows.append([_("other values"), spread.others, spread.others / spread.with_it])
        return Table(
            [
                Column(_("Value")),
                Column(_("Customers"), "number"),
                Column(_("Share of %(n)s") % {"n": words.number(spread.with_it)}, "percent"),
            ],
            rows,
            Empty(_("No customer has it now")),
        )

    def _behind(self, value: str) -> str:
        """The list of those with the value; none for an empty text, which dimensions take as not known."""
        return group_url("dimension", by=f"{ATTRIBUTE}{self.definition.name}", value=value) if value else ""


def _shown(text: str, kind: str) -> str:
    """A value as people read it: yes or no, and no brackets around the entries of a list."""
    if kind == AttributeKind.FLAG:
        return {"true": _("Yes"), "false": _("No")}.get(text, text)
    if kind == AttributeKind.LIST:
        return words.listed(as_read(one) for one in text.strip("[]").replace('"', "").split(", "))
    return as_read(text)


def _row(definition: AttributeDefinition, everybody: int) -> list[Any]:
    counted = definition.counted_at is not None
    return [
        Cell(definition.title, url=reverse("users:attribute", args=[definition.pk]), hint=definition.name),
        definition.get_kind_display(),
        definition.customers if counted else Cell(_("not counted yet"), kind="text"),
        definition.customers / everybody if counted and everybody else None,
        words.listed(_shown(str(one), definition.kind) for one in definition.examples[:3]),
        definition.first_seen_at,
        definition.last_seen_at,
    ]
