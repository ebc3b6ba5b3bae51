"""What the reports about cohorts share: crumbs, the chips for visitors and dimensions, days chosen by hand."""

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit.admin import OperatorPage
from config.kit.parts import Ask, AskForm, Choice, Crumb, Filter
from users.dimensions import Dimension, all_dimensions
from users.reports.cohorts import Whom
from users.reports.periods import Period


class CohortPage(OperatorPage):
    """A report under Reports whose choices all live in the URL."""

    def get_crumbs(self) -> list[Crumb]:
        """Under the reports."""
        return [Crumb(gettext_lazy("Reports"), reverse("users:reports"))]

    @property
    def asked(self) -> dict[str, str]:
        """The address's parameters, without NUL."""
        return {name: str(value).replace("\0", "") for name, value in self.request.GET.items()}

    def choice(self, name: str, title: str, choices: Sequence[tuple[str, object]], default: str) -> Filter:
        """A chip whose default is shown when nothing is chosen."""
        chosen = self.asked.get(name, "")
        known = [Choice(value, str(label)) for value, label in choices if value != default or chosen != ""]
        return Filter(name, title, known, chosen if chosen in dict(choices) else "")

    def whom_filters(self, whom: Whom, *, splits: bool = True, own: Sequence[Dimension] = ()) -> list[Filter]:
        """Visitors or not; by which dimension, ``own`` ones first; the one value chosen."""
        visitors = Filter(
            "visitors", _("Visitors"), [Choice("1", _("included"))], "1" if whom.visitors else ""
        )
        if not splits:
            return [visitors]
        chosen = whom.by.name if whom.by else ""
        choices = [Choice(one.name, one.title) for one in (*own, *all_dimensions())]
        if whom.by and chosen not in {one.value for one in choices}:
            choices.append(Choice(chosen, whom.by.title))
        filters = [visitors, Filter("by", _("Split by"), choices, chosen)]
        if whom.by and whom.is_filtered:
            name, value = ("unknown", "1") if whom.value is None else ("value", whom.value)
            filters.append(Filter(name, _("Only"), [Choice(value, whom.by.label(whom.value))], value))
        return filters

    def ask_form(
        self, title: str, asks: Sequence[Ask], *, is_open: bool = False, drops: Sequence[str] = ()
    ) -> AskForm:
        """A form of the URL that keeps the other choices."""
        own = {ask.name for ask in asks} | set(drops)
        kept = [(name, value) for name, value in self.asked.items() if name not in own]
        return AskForm(title, asks, _("Show"), kept, is_open)


def day_asks(period: Period) -> list[Ask]:
    """The two days of a period."""
    return [
        Ask("from", _("From day"), period.first.isoformat(), "date"),
        Ask("to", _("To day"), period.last.isoformat(), "date"),
    ]
