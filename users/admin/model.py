"""The page of the predictions: parameters, when and on whom they were fitted, how well they foretell, who is alive."""

from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from config.kit import words
from config.kit.charts import Chart, Series
from config.kit.parts import Cell, Column, Empty, Stat, Table
from users.admin.value_page import Section, ValuePage
from users.groups import group_url
from users.models import ModelFit, ValueDay
from users.services.value.predict import FEWEST_PAST, REPEATS_SHOWN, SILENCES
from users.shop import currency, ltv_horizon

BINS = range(10)


class ModelPage(ValuePage):
    """Expected orders and value, and how far the model can be trusted."""

    title = gettext_lazy("Predictions")
    purpose = gettext_lazy(
        "What customers are expected to order and to bring, fitted every day on your own orders, "
        "and how far to trust it."
    )

    def sections(self, day: ValueDay) -> list[Section]:
        """The models, the check, who is alive, who is at risk."""
        fit = ModelFit.objects.filter(day=day.day).first()
        known = fit is not None and not fit.reason
        return [
            Section(_("Expected"), _not_known(fit), stats=_expected(day)) if known and fit else _unknown(fit),
            *([_parameters(fit), _check(fit), _alive(day)] if known and fit else []),
            Section(
                _("Churn risk"),
                _(
                    "One minus the probability of still being a customer; for those with one purchase or none, the "
                    "share of past customers at the same silence who stayed away for 180 days; more for an open "
                    "complaint."
                ),
                chart=_bins("churn", _("Customers by churn risk"), day.figures["churn"], "churn_risk"),
                table=_bin_table(day.figures["churn"], "churn_risk", _("Churn risk")),
            ),
            Section(_("Silence, and who came back"), _silence_note(), table=_silence(day)),
        ]


def _not_known(fit: ModelFit | None) -> str:
    return _("Over the next %(n)s days, shop-wide; one customer's figures stand on the customer page.") % {
        "n": ltv_horizon.get()
    }


def _unknown(fit: ModelFit | None) -> Section:
    reason = fit.get_reason_display() if fit else _("not fitted yet")
    customers = fit.customers if fit else 0
    return Section(
        pgettext("a figure", "Not known yet"),
        _("There is no prediction: %(reason)s. It needs 500 buyers and 180 days since the first order.")
        % {"reason": reason},
        stats=[Stat(_("Buyers so far"), customers, url=group_url("model_customers") if customers else "")],
    )


def _expected(day: ValueDay) -> list[Stat]:
    customers, orders, value = day.figures["predicted"]
    window = _("next %(n)s days") % {"n": ltv_horizon.get()}
    return [
        Stat(_("Customers with a prediction"), customers, url=group_url("model_customers")),
        Stat(_("Expected orders"), round(orders), window=window),
        Stat(_("Expected net revenue"), value, "money", currency=currency.get(), window=window),
    ]


def _parameters(fit: ModelFit) -> Section:
    def row(model: str, symbol: str, value: float | None, meaning: str) -> list[Any]:
        return [model, symbol, "–" if value is None else words.number(value, 3), meaning]

    rows = [
        row("BG/NBD", "r", fit.r, _("shape of the purchase rates over customers")),
        row("BG/NBD", "α", fit.alpha, _("scale of the purchase rates, weeks")),
        row("BG/NBD", "a", fit.a, _("chance of leaving after a purchase, first shape")),
        row("BG/NBD", "b", fit.b, _("chance of leaving after a purchase, second shape")),
        row("Gamma-Gamma", "p", fit.p, _("shape of the values of one customer's purchases")),
        row("Gamma-Gamma", "q", fit.q, _("shape of the mean values over customers")),
        row(
            "Gamma-Gamma",
            "γ",
            fit.gamma,
            _("scale of the mean values, %(currency)s") % {"currency": currency.get()},
        ),
    ]
    return Section(
        _("Parameters"),
        _(
            "Fitted %(when)s on %(customers)s customers with a purchase; the values on %(spenders)s who bought again."
        )
        % {
            "when": words.absolute(fit.fitted_at),
            "customers": words.number(fit.customers),
            "spenders": words.number(fit.spenders),
        },
        table=Table(
            columns=[Column(_("Model")), Column(_("Parameter")), Column(_("Value")), Column(_("What it is"))],
            rows=rows,
            empty=Empty(_("Nothing to show yet")),
            caption=_("Parameters"),
        ),
    )


def _check(fit: ModelFit) -> Section:
    """Expected against actual purchases since the cutoff, by repeat purchases until then."""
    if not fit.calibration:
        return Section(
            _("Held against what came"),
            _("Not known yet: it needs 500 buyers before the time that is held out."),
        )
    rows = [row for row in fit.calibration if row["customers"]]
    titles = [f"{row['repeats']}{'+' if row['repeats'] == REPEATS_SHOWN else ''}" for row in rows]
    cutoff = fit.day - timedelta(days=fit.held_out_days or 0)
    expected, actual = sum(row["expected"] for row in rows), sum(row["actual"] for row in rows)
    return Section(
        _("Held against what came"),
        _(
            "Fitted on what was known on %(cutoff)s and asked for the %(days)s days since: %(expected)s purchases were "
            "expected, %(actual)s came, by n = %(n)s customers."
        )
        % {
            "cutoff": words.day(cutoff),
            "days": fit.held_out_days,
            "expected": words.number(round(expected)),
            "actual": words.number(actual),
            "n": words.number(sum(row["customers"] for row in rows)),
        },
        chart=Chart(
            "calibration",
            _("Purchases per customer, by repeat purchases before"),
            titles,
            [
                Series(_("Expected"), [round(row["expected"] / row["customers"], 3) for row in rows]),
                Series(_("Actual"), [round(row["actual"] / row["customers"], 3) for row in rows]),
            ],
            category_title=_("Repeat purchases before"),
        ),
        table=Table(
            columns=[
                Column(_("Repeat purchases before")),
                Column(_("Customers"), "number"),
                Column(_("Expected"), "number"),
                Column(_("Actual"), "number"),
            ],
            rows=[
                [title, row["customers"], round(row["expected"], 1), row["actual"]]
                for title, row in zip(titles, rows, strict=True)
            ],
            empty=Empty(_("Nothing to show yet")),
            caption=_("Held against what came"),
        ),
    )


def _alive(day: ValueDay) -> Section:
    return Section(
        _("Probability of still being a customer"),
        _(
            "Of customers with a repeat purchase; with one purchase it is not known (the model says 1 by construction)."
        ),
        chart=_bins("alive", _("Customers by probability"), day.figures["alive"], "p_alive"),
        table=_bin_table(day.figures["alive"], "p_alive", _("Probability")),
    )


def _span(number: int) -> tuple[int, int]:
    """The whole percents of a bin of ten, the last one with 100."""
    return number * 10, 100 if number == BINS[-1] else number * 10 + 9


def _bins(name: str, title: str, rows: list[list[int]], kind: str) -> Chart:
    counts = {number: count for number, count in rows}
    return Chart(
        name,
        title,
        ["{}–{}%".format(*_span(number)) for number in BINS],
        [Series(_("Customers"), [counts.get(number, 0) for number in BINS])],
        kind="bar",
        category_title=_("Percent"),
        summary=_("n = %(n)s") % {"n": words.number(sum(counts.values()))},
    )


def _bin_table(rows: list[list[int]], kind: str, title: str) -> Table:
    counts = {number: count for number, count in rows}
    total = sum(counts.values())
    return Table(
        columns=[
            Column(title),
            Column(_("Customers"), "number"),
            Column(_("Share"), "percent", hint=_("n = %(n)s") % {"n": words.number(total)}),
        ],
        rows=[
            [
                f"{low}–{high}%",
                Cell(counts[number], url=group_url(kind, low=low, high=high)),
                counts[number] / total,
            ]
            for number in BINS
            if counts.get(number)
            for low, high in [_span(number)]
        ],
        empty=Empty(
            _("Nobody yet"), _("Figures appear when enough customers have been followed for long enough.")
        ),
        caption=title,
    )


def _silence_note() -> str:
    return _(
        "Customers as they stood 180 days before the figures, by days since their last activity then. Under "
        "%(n)s customers a share is not known yet."
    ) % {"n": FEWEST_PAST}


def _silence(day: ValueDay) -> Table:
    found = {row["from"]: row for row in day.figures["silence"]}
    ends = [*SILENCES[1:], None]
    rows = []
    for begin, end in zip(SILENCES, ends, strict=True):
        row = found.get(begin, {"customers": 0, "stayed_away": 0})
        enough = row["customers"] >= FEWEST_PAST
        rows.append(
            [
                _("%(low)s days and more") % {"low": begin}
                if end is None
                else _("%(low)s to %(high)s days") % {"low": begin, "high": end - 1},
                row["customers"],
                row["stayed_away"],
                row["stayed_away"] / row["customers"] if enough else None,
            ]
        )
    return Table(
        columns=[
            Column(_("Silent for")),
            Column(_("Customers then"), "number"),
            Column(_("Stayed away for 180 days"), "number"),
            Column(_("Share"), "percent", hint=_("of the customers of this line")),
        ],
        rows=rows,
        empty=Empty(_("Nothing to show yet")),
        caption=_("Silence, and who came back"),
    )
