"""Features in use: which share of the active customers uses what; how long visits last and what happens in them."""

from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit import words
from config.kit.charts import Chart, Series
from config.kit.parts import Cell, Column, Empty, Stat, Table, Tone
from config.kit.refusal import Refusal
from users.admin.activity import CrowdPage
from users.reports import features
from users.reports.features import BUCKETS, Feature, Use, Visits
from users.reports.figures import today_in_shop
from users.reports.patience import with_patience
from users.sentences import event_title


class FeaturesPage(CrowdPage):
    """Features and visits of a period."""

    title = gettext_lazy("Features in use")
    purpose = gettext_lazy("Which share of the active customers uses what, and how long they visit.")
    template_name = "users/features.html"
    partials = {"use": "users/features_part.html", "visits": "users/visits_part.html"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The filters at once; the counts when htmx asks for them."""
        context = super().get_context_data(**kwargs) | {
            "period": self.period,
            "filters": self.crowd_filters(),
            "part_url": self.request.get_full_path(),
        }
        if not self.is_part:
            return context
        try:
            with with_patience():
                return context | self._part()
        except Refusal as refusal:
            return context | {"refused": refusal.message}

    def _part(self) -> dict[str, Any]:
        if self.request.headers.get("HX-Target") == "visits":
            return self._visits(features.visits(self.period, self.now, self._asked()))
        return self._use(features.use(self.period, self.now, self._asked()))

    def _asked(self) -> dict[str, str]:
        """The crowd as links carry it."""
        asked = {} if self.channel is None else {"channel": self.channel}
        return {**asked, "visitors": "yes"} if self.visitors else asked

    def _span(self) -> dict[str, object]:
        return {"from": self.period.first, "to": self.period.last}

    def _use(self, use: Use) -> dict[str, Any]:
        return {
            "as_of": use.as_of,
            "active": Stat(
                _("Active customers"),
                use.active,
                window=self.period.sentence,
                before=use.active_before,
                before_window=_("in the %(n)d days before") % {"n": self.period.days},
                url=self.url("active", day=self.period.last, days=self.period.days)
                if self.period.days <= 366
                else "",
            ),
            "table": Table(
                columns=[
                    Column(_("Feature")),
                    Column(_("Customers"), "number"),
                    Column(_("Share of the active"), "percent", hint=_("n = active customers of the period")),
                    Column(_("Customers before"), "number"),
                    Column(_("Share before"), "percent"),
                    Column(_("Change in share")),
                ],
                rows=[self._row(feature, use) for feature in use.features],
                empty=Empty(
                    _("Nobody used anything in this period"),
                    _("Features are the event types that count as activity. Choose a longer period."),
                ),
                caption=_("Share of active customers using each feature"),
            ),
        }

    def _row(self, feature: Feature, use: Use) -> list[Any]:
        share = feature.customers / use.active if use.active else None
        before = feature.before / use.active_before if use.active_before else None
        url = self.url("feature", type=feature.type_id, **self._span())
        return [
            Cell(event_title(feature.name), hint=feature.name),
            Cell(feature.customers, url=url),
            share,
            feature.before,
            before,
            _change(share, before),
        ]

    def _visits(self, found: Visits) -> dict[str, Any]:
        per_customer = round(found.n / found.customers, 2) if found.customers else None
        seconds, events, pages = (features.mean(of) for of in (found.seconds, found.events, found.pages))
        return {
            "as_of": found.as_of,
            "stats": [
                Stat(
                    _("Visits"),
                    found.n,
                    note=_("%(n)s more are not over yet") % {"n": words.number(found.going_on)}
                    if found.going_on
                    else "",
                ),
                Stat(
                    _("Customers who visited"),
                    found.customers,
                    url=self.url("visits", low=0, **self._span()),
                    note=_told(_("%(n)s visits each"), words.number(per_customer), per_customer),
                ),
                Stat(
                    _("Median length"),
                    None if (middle := features.median(found.seconds)) is None else round(middle / 60, 1),
                    unit=_("minutes"),
                    of=found.n,
                    note=_told(_("mean %(n)s"), _minutes(seconds), seconds),
                ),
                Stat(
                    _("Events a visit"),
                    features.median(found.events),
                    of=found.n,
                    note=_told(_("mean %(n)s"), words.number(events, 1), events),
                ),
                Stat(
                    _("Pages a visit"),
                    features.median(found.pages),
                    of=found.n,
                    note=_told(_("mean %(n)s"), words.number(pages, 1), pages),
                ),
            ],
            "chart": self._lengths(found),
        }

    def _lengths(self, found: Visits) -> Chart:
        return Chart(
            "visits",
            _("How long visits last"),
            [bucket_title(low, high) for low, high in BUCKETS],
            [
                Series(
                    _("Visits"),
                    [found.bucket(low, high) for low, high in BUCKETS],
                    urls=[self._bucket_url(low, high) for low, high in BUCKETS],
                )
            ],
            kind="bar",
            category_title=_("Length"),
            summary=_("%(n)s visits that began in the period and are over") % {"n": words.number(found.n)},
            unfinished=0,
        )

    def _bucket_url(self, low: int, high: int | None) -> str:
        more = {} if high is None else {"high": high}
        return self.url("visits", low=low, **more, **self._span())

    @property
    def is_unfinished(self) -> bool:
        """Whether the period is not over."""
        return self.period.last >= today_in_shop(self.now)


def bucket_title(low: int, high: int | None) -> str:
    """A range of lengths in words."""
    if high == 1:
        return _("one event")
    if high is None:
        return _("%(n)d min or more") % {"n": low // 60}
    if low < 60:
        return _("under 1 min")
    return _("%(low)d to %(high)d min") % {"low": low // 60, "high": high // 60}


def _told(sentence: str, text: str, figure: float | None) -> str:
    """A remark on a figure; none where there is no figure."""
    return "" if figure is None else sentence % {"n": text}


def _minutes(seconds: float | None) -> str:
    return "–" if seconds is None else words.duration(timedelta(seconds=seconds))


def _change(share: float | None, before: float | None) -> Cell:
    """The difference of two shares in points."""
    if share is None or before is None:
        return Cell("–")
    points = round((share - before) * 100, 1)
    tone: Tone = "good" if points > 0 else "bad" if points < 0 else ""
    sign = "+" if points > 0 else "−" if points < 0 else "±"
    return Cell(_("%(sign)s%(n)s points") % {"sign": sign, "n": words.number(abs(points), 1)}, tone=tone)
