"""Why customers are in segments or not: one customer and one segment, one customer and all of them, now and then."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit import words
from config.kit.admin import OperatorPage
from config.kit.parts import Ask, AskForm, Cell, Column, Crumb, Empty, Table
from config.kit.refusal import NotFound, Refusal
from segments.admin.form import sentence_of
from segments.admin.segment import OfSegment
from segments.models import ChangeCause, MembershipChange
from segments.reports.standing_of import Beside, beside_segments
from segments.rules.words import Words, both
from segments.services.explain import Explanation, explain_past
from segments.services.explain_list import explain_any
from users.models import Customer
from users.reports import finding
from users.reports.figures import today_in_shop
from users.reports.periods import day_of, midnight

FOUND = 20
LAST_CHANGES = 100
MOST_NEAR = 12


def past_day(text: str, now: Any) -> date | None:
    """The past day of an address; None for none. Raises Refusal for one that is not past."""
    if not text:
        return None
    day = day_of(text.replace("\0", ""))
    if day is None or day > today_in_shop(now):
        raise Refusal("not_past", _("Choose a date in the past."))
    return day


class OfCustomerInSegment(OfSegment):
    """What the pages of reasons share: crumbs, and the date asked about."""

    def get_crumbs(self) -> Sequence[Crumb]:
        page_of = reverse("segments:segment", args=[self.segment.pk])
        return [*super().get_crumbs(), Crumb(self.segment.title, page_of)]

    @cached_property
    def day(self) -> date | None:
        """The past date asked about; None: now."""
        return past_day(self.request.GET.get("at", ""), self.now)

    def ask_form(self) -> AskForm:
        """The form that asks for a date."""
        value = self.day.isoformat() if self.day else ""
        ask = Ask("at", _("As of the beginning of"), value, "date", hint=_("Empty: as of now."))
        return AskForm(_("Ask about a past date"), [ask], _("Show"), is_open=self.day is not None)


class ExplainPage(OfCustomerInSegment):
    """Why one customer is in the segment, or not; as of now or of a past date."""

    title = gettext_lazy("Why?")
    template_name = "segments/explain.html"

    def get_title(self) -> str:
        return _("Why is this customer in the segment, or not?")

    def get_as_of(self) -> Any:
        return midnight(self.day) if self.day else self.now

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        customer = get_object_or_404(Customer.objects.living(), pk=self.kwargs["customer_id"])
        return super().get_context_data(**kwargs) | {
            "segment": self.segment,
            "customer": customer,
            "sentence": sentence_of(self.segment.rule, self.words),
            "day": self.day,
            "explanation": self._explanation(customer.pk),
            "ask_form": self.ask_form() if self.segment.rule is not None else None,
            "lookup": reverse("segments:lookup", args=[self.segment.pk]),
        }

    def _explanation(self, customer_id: int) -> Explanation | None:
        """None: nobody knew the customer on that date."""
        if self.day is None or self.segment.rule is None:
            return explain_any(self.segment, customer_id, self.now, self.words)
        try:
            return explain_past(self.segment.rule, customer_id, midnight(self.day), self.words)
        except NotFound:
            return None


class Lookup(OfCustomerInSegment):
    """Any customer, found by name, e-mail, phone or number, to ask why."""

    title = gettext_lazy("Why?")
    purpose = gettext_lazy("Look up a customer to see why they are in this segment, or why not.")
    template_name = "operator/list.html"

    def get_title(self) -> str:
        return _("Who is in “%(name)s”, and why?") % {"name": self.segment.title}

    def get_purpose(self) -> Any:
        return self.purpose

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        text = self.request.GET.get("q", "").replace("\0", "").strip()[:200]
        return super().get_context_data(**kwargs) | {
            "searchable": _("Name, e-mail, phone, user ID or order number"),
            "query": text,
            "filters": [],
            "table": self._table(finding.find(text, FOUND) if text else [], text),
        }

    def _table(self, found: list[Customer], text: str) -> Table:
        inside = dict(
            self.segment.memberships.filter(customer__in=found).values_list("customer_id", "entered_at")
        )
        rows = [
            [
                one,
                Cell(_("in it"), tone="good") if one.pk in inside else Cell(_("not in it"), tone="muted"),
                inside.get(one.pk),
                Cell(_("Why?"), url=reverse("segments:explain", args=[self.segment.pk, one.pk])),
            ]
            for one in found
        ]
        columns = [
            Column(_("Customer"), "person"),
            Column(_("In the segment"), "tag"),
            Column(_("In since"), "time"),
            Column(""),
        ]
        empty = (
            Empty(_("No customer fits"), _("Search for a whole e-mail, phone or order number."))
            if text
            else Empty(_("Look somebody up"), _("Type a name, an e-mail, a phone or an order number above."))
        )
        return Table(columns, rows, empty)


class CustomerSegments(OperatorPage):
    """All segments and one customer: in, nearly in, and how it was."""

    title = gettext_lazy("Segments of a customer")
    purpose = gettext_lazy("Which segments this customer is in and why, which nearly, and how that moved.")
    template_name = "segments/of_customer.html"

    @cached_property
    def customer(self) -> Customer:
        """The customer of the address."""
        return get_object_or_404(Customer.objects.living(), pk=self.kwargs["customer_id"])

    @cached_property
    def day(self) -> date | None:
        """The past date asked about; None: now."""
        return past_day(self.request.GET.get("at", ""), self.now)

    def get_title(self) -> str:
        return _("Segments of %(who)s") % {"who": self.customer}

    def get_crumbs(self) -> Sequence[Crumb]:
        return [Crumb(str(self.customer), reverse("users:customer", args=[self.customer.pk]))]

    def get_as_of(self) -> Any:
        return midnight(self.day) if self.day else self.now

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        words_ = Words()
        instant = midnight(self.day) if self.day else None
        found = beside_segments(self.customer.pk, self.now, instant, words_)
        inside = [one for one in found if one.matches]
        near = [one for one in found if not one.matches and one.missing and len(one.missing[0]) == 1]
        value = self.day.isoformat() if self.day else ""
        ask = Ask("at", _("As of the beginning of"), value, "date", hint=_("Empty: as of now."))
        return super().get_context_data(**kwargs) | {
            "customer": self.customer,
            "day": self.day,
            "known": bool(found) or instant is None,
            "ask_form": AskForm(_("Ask about a past date"), [ask], _("Show"), is_open=bool(self.day)),
            "inside": self._table(inside, _("Rests on"), Empty(_("In no segment"))),
            "near": self._table(
                near[:MOST_NEAR], _("What is missing"), Empty(_("One condition away from no segment"))
            ),
            "changes": self._changes(),
            "of_today": list(dict.fromkeys(note for one in found for note in one.of_today)),
        }

    def _table(self, found: list[Beside], told: str, empty: Empty) -> Table:
        query = f"?{urlencode({'at': self.day.isoformat()})}" if self.day else ""
        rows = [
            [
                Cell(one.segment.title, url=reverse("segments:segment", args=[one.segment.pk])),
                Cell(one.since, kind="time") if one.since else Cell(""),
                Cell(_("; or ").join(both(flip) for flip in one.missing)),
                Cell(
                    _("Why?"),
                    url=reverse("segments:explain", args=[one.segment.pk, self.customer.pk]) + query,
                ),
            ]
            for one in found
        ]
        columns = [Column(_("Segment")), Column(_("In since")), Column(told), Column("")]
        return Table(columns, rows, empty)

    def _changes(self) -> Table:
        rows = (
            MembershipChange.objects.filter(customer=self.customer)
            .select_related("segment")
            .order_by("-at", "-run_id", "segment_id")
        )
        causes = dict(ChangeCause.choices)
        columns = [
            Column(_("Segment")),
            Column(_("What"), "tag"),
            Column(_("When"), "time"),
            Column(_("Because")),
        ]
        told = [
            [
                Cell(row.segment.title, url=reverse("segments:segment", args=[row.segment_id])),
                Cell(_("came"), tone="good") if row.entered else Cell(_("left"), tone="muted"),
                row.at,
                causes[row.cause],
            ]
            for row in rows[:LAST_CHANGES]
        ]
        caption = _("The last %(n)s comings and goings") % {"n": words.number(LAST_CHANGES)}
        return Table(columns, told, Empty(_("Never in a segment so far")), caption)
