"""The ladder of levels with the customers on each step."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit.admin import FormPage, OperatorPage
from config.kit.parts import Action, Cell, Column, Crumb, Empty, Table
from growth import shop
from growth.admin.rules import UnderGrowth
from growth.models import Level
from growth.reports import treasury
from growth.services import setup
from users.models import Role


class Levels(UnderGrowth, OperatorPage):
    """The steps of the ladder."""

    title = gettext_lazy("Levels")
    template_name = "operator/list.html"
    roles_that_act: ClassVar[Sequence[str]] = (Role.OPERATOR,)

    def get_purpose(self) -> str:
        """How levels are reached and kept."""
        return _("Reached at once by growth value, judged again after %(days)s days.") % {
            "days": shop.level_period_days.get()
        }

    @cached_property
    def ladder(self) -> treasury.Ladder:
        """Every step with its customers."""
        return treasury.ladder(self.now)

    def get_as_of(self) -> datetime:
        """The instant of the counts."""
        return self.ladder.as_of

    def get_actions(self) -> Sequence[Action]:
        """A further step."""
        return [Action(_("New level"), reverse("growth:level_new"), icon="add")]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Every step with its customers."""
        rows = self.ladder.rows
        total = sum(row.customers for row in rows)
        return super().get_context_data(**kwargs) | {
            "table": Table(
                columns=[
                    Column(_("Level")),
                    Column(_("From growth value"), "number"),
                    Column(_("Customers"), "number"),
                    Column(_("Share"), "percent"),
                ],
                rows=[_level_row(row, total) for row in rows],
                empty=Empty(
                    _("No levels"), _("A ladder gives customers something to reach."), icon="military_tech"
                ),
            ),
        }


class LevelForm(forms.ModelForm[Level]):
    """A step as an operator states it."""

    class Meta:
        model = Level
        fields = ("name", "name_zh", "threshold", "colour")
        widgets: ClassVar = {"colour": forms.TextInput(attrs={"type": "color"})}
        help_texts: ClassVar = {
            "threshold": gettext_lazy("Growth value: points that became active from orders, less refunds."),
        }


class EditLevel(FormPage):
    """State or change a step."""

    title = gettext_lazy("Level")
    purpose = gettext_lazy(
        "Who reaches a lowered step is lifted within the hour; nobody falls before being judged."
    )
    form_class = LevelForm
    done = gettext_lazy("The level is saved.")
    roles_that_see: ClassVar[Sequence[str]] = (Role.OPERATOR,)
    roles_that_act: ClassVar[Sequence[str]] = (Role.OPERATOR,)

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the levels."""
        return [
            Crumb(gettext_lazy("Growth"), reverse("growth:home")),
            Crumb(gettext_lazy("Levels"), reverse("growth:levels")),
        ]

    def get_form_kwargs(self) -> dict[str, Any]:
        """The level of the address, or a new one."""
        pk = self.kwargs.get("pk")
        return super().get_form_kwargs() | {"instance": get_object_or_404(Level, pk=pk) if pk else None}

    def act(self, form: LevelForm) -> str:
        """Save and audit."""
        setup.save_level(form.save(commit=False), by=self.operator)
        return reverse("growth:levels")


def _level_row(row: treasury.LevelRow, total: int) -> list[Any]:
    level = row.level
    return [
        Cell(level.title, url=reverse("growth:level", args=[level.pk])),
        level.threshold,
        Cell(row.customers, url=reverse("growth:level_customers", args=[level.pk])),
        row.customers / total if total else None,
    ]
