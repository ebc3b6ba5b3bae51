"""The frame of the pages about value: the figures of the day with their instant, sections, an empty state."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit.admin import OperatorPage
from config.kit.charts import Chart
from config.kit.heat import Heat
from config.kit.parts import Crumb, Empty, Stat, Table
from users.models import ValueDay
from users.reports import value as reports
from users.shop import value_at


@dataclass(frozen=True, slots=True)
class Section:
    """A card of such a page: a title, a line that says what it is, and figures in one or two forms."""

    title: StrOrPromise
    note: StrOrPromise = ""
    stats: Sequence[Stat] = ()
    chart: Chart | None = None
    heat: Heat | None = None
    table: Table | None = None
    wide: bool = True


class ValuePage(OperatorPage):
    """A page that shows the figures of the day in force; ``sections`` builds them."""

    template_name = "users/value.html"

    @cached_property
    def day(self) -> ValueDay | None:
        """The figures in force."""
        return reports.latest()

    def get_as_of(self) -> datetime | None:
        """The instant that the figures stand for."""
        return self.day.as_of if self.day else None

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the reports."""
        return [Crumb(gettext_lazy("Reports"), reverse("users:reports"))]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The sections, or what would be here."""
        context = super().get_context_data(**kwargs)
        if self.day is None or not self.day.buyers:
            return context | {"empty": nothing_yet()}
        return context | {"sections": self.sections(self.day)}

    def sections(self, day: ValueDay) -> list[Section]:
        """The cards of the page."""
        raise NotImplementedError


def nothing_yet() -> Empty:
    """Before the first computation."""
    return Empty(
        _("No figures of the day yet"),
        _(
            "They are computed every day at %(time)s, shop time, from paid and confirmed orders; the first time "
            "as soon as there are orders. Import your orders or connect the shop to see them here."
        )
        % {"time": value_at.get()},
        icon="hourglass_empty",
    )
