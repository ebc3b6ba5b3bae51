"""Whom the list of customers shows: its filters and its order, read from texts as a link carries them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from users.models import Stage, Standing

# key → (title, order, condition that keeps the order free of nulls); each is backed by an index.
SORTS: dict[str, tuple[StrOrPromise, tuple[str, ...], dict[str, Any]]] = {
    "seen": (_("Last seen"), ("-last_activity_at", "-pk"), {"last_activity_at__isnull": False}),
    "stage_at": (_("In this stage since"), ("-stage_at", "-pk"), {"stage_at__isnull": False}),
    "revenue": (_("Revenue"), ("-revenue", "-pk"), {"orders__gt": 0}),
    "newest": (_("Newest"), ("-pk",), {}),
}
FILTERS = ("stage", "channel", "region", "city")
LONGEST = 100


@dataclass(frozen=True, slots=True)
class Listing:
    """The list's filters; "" is off. ``sort`` belongs to them: who has no such date is not in the list."""

    stage: str = ""
    channel: str = ""
    region: str = ""
    city: str = ""
    sort: str = "newest"

    @classmethod
    def read(cls, asked: Mapping[str, str], *, sort: str = "") -> "Listing":
        """The filters of a link; what makes no sense is off. ``sort``: the order where none is asked for."""
        told = {name: asked.get(name, "").replace("\0", "")[:LONGEST] for name in FILTERS}
        if told["stage"] not in Stage.values:
            told["stage"] = ""
        wanted = asked.get("sort", "")
        usual = sort or ("stage_at" if told["stage"] not in ("", Stage.PROSPECT) else "newest")
        return cls(**told, sort=wanted if wanted in SORTS else usual)

    @property
    def order(self) -> tuple[str, ...]:
        """The fields of the order."""
        return SORTS[self.sort][1]

    @property
    def chosen(self) -> dict[str, str]:
        """The filters that are on."""
        told = {name: getattr(self, name) for name in FILTERS}
        return {name: text for name, text in told.items() if text}

    def standings(self) -> "QuerySet[Standing]":
        """The living customers, visitors too, whom the filters leave."""
        rows = Standing.objects.filter(customer__erased_at__isnull=True, **SORTS[self.sort][2])
        if self.stage:
            rows = rows.filter(stage=self.stage)
        if self.channel:
            rows = rows.filter(customer__channel__slug=self.channel)
        if self.region:
            rows = rows.filter(customer__region=self.region)
        return rows.filter(customer__city=self.city) if self.city else rows
