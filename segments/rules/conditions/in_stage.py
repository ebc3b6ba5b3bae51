"""A stage together with time: for how long by now, and whether it was passed through in a window.

``{"in_stage": "dormant", "op": "for_at_least", "days": 14}``
``{"in_stage": "churned", "op": "was", "in_last_days": 60}``; on one day: ``"between": ["2026-05-01", "2026-05-01"]``

Before the first move a customer is a prospect, without a beginning to measure from: prospects are not asked for.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, DateTimeField, Exists, OuterRef, Q, Subquery, When
from django.db.models.lookups import GreaterThanOrEqual, IsNull, LessThanOrEqual
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from segments import registry
from segments.registry import Rows
from segments.rules.arguments import Choices
from segments.rules.as_of import AsOf
from segments.rules.asking import asked
from segments.rules.conditions.base import Condition, Shown
from segments.rules.conditions.occurrence import some
from segments.rules.edges import Edge
from segments.rules.forms import Form, Input
from segments.rules.operators import IsAnyOf
from segments.rules.reading import Reader
from segments.rules.schema_parts import DAYS, Schema, one_of, shape, windows
from segments.rules.windows import (
    LONGEST_DAYS,
    WINDOWS,
    Ever,
    Window,
    crossed,
    is_empty,
    read_past_window,
    window_json,
)
from segments.rules.words import Words, instant, quoted
from users.models import Stage, StageMove, Standing
from users.topics import TouchTopic

OPS = ("for_at_least", "for_at_most", "was")
EVER = Ever()
A_MOMENT = timedelta(microseconds=1)
STAGES = tuple(stage.value for stage in Stage if stage is not Stage.PROSPECT)


@dataclass(frozen=True)
class InStage(Condition):
    """``days`` go with for_at_least and for_at_most, the window with was."""

    stage: str
    op: str
    days: int = 0
    window: Window = EVER

    @classmethod
    def read(cls, reader: Reader) -> "InStage":
        reader.only(required=("in_stage", "op"), optional=("days", *WINDOWS))
        stage, op = reader.at("in_stage").one_of(STAGES), reader.at("op").one_of(OPS)
        if op == "was":
            reader.only(required=("in_stage", "op"), optional=WINDOWS)
            return cls(stage, op, window=read_past_window(reader))
        reader.only(required=("in_stage", "op", "days"))
        return cls(stage, op, reader.at("days").whole(1, LONGEST_DAYS))

    def write(self) -> dict[str, Any]:
        written = {"in_stage": self.stage, "op": self.op}
        return {**written, **(window_json(self.window) if self.op == "was" else {"days": self.days})}

    @classmethod
    def form(cls) -> Form:
        return Form(
            "in_stage",
            gettext_lazy("A stage and its time"),
            gettext_lazy("Lifecycle"),
            (
                Input("in_stage", "choice", gettext_lazy("stage"), choices=_stages),
                Input("op", "choice", gettext_lazy("how"), choices=_ways),
                Input(
                    "days",
                    "whole",
                    gettext_lazy("days"),
                    least=1,
                    most=LONGEST_DAYS,
                    only_if=("op", "for_at_least", "for_at_most"),
                ),
                Input("window", "window", gettext_lazy("when"), optional=True, only_if=("op", "was")),
            ),
            lambda: {"in_stage": "dormant", "op": "for_at_least", "days": 14},
        )

    @classmethod
    def schema(cls) -> list[Schema]:
        begin = {"in_stage": one_of(*STAGES)}
        return [
            shape({**begin, "op": one_of("for_at_least", "for_at_most"), "days": DAYS}),
            shape({**begin, "op": one_of("was")}, windows()),
        ]

    def topics(self) -> frozenset[TouchTopic]:
        return frozenset({TouchTopic.STAGE})

    def expression(self, as_of: AsOf) -> Q:
        if self.op == "was":
            return some(self._times(as_of))
        edge = as_of.now - timedelta(days=self.days)
        how = "lte" if self.op == "for_at_least" else "gte"
        if as_of.past or as_of.ahead:
            since = _since(as_of)
            long_enough = LessThanOrEqual if self.op == "for_at_least" else GreaterThanOrEqual
            in_it = asked(registry.fields["stage"], IsAnyOf(), (self.stage,), as_of)
            return in_it & Q(IsNull(since, False)) & Q(long_enough(since, edge))
        return some(Standing.objects.filter(stage=self.stage, **{f"stage_at__{how}": edge}))

    def _times(self, as_of: AsOf) -> Rows:
        """Moves into the stage before the window's end, not followed by another until it began."""
        begins = self.window.begins(as_of)
        into = _moves().filter(to_stage=self.stage, at__lt=self.window.ends(as_of))
        if begins is None:
            return into
        if is_empty(self.window, as_of):
            return into.none()
        onwards = _moves().filter(customer_id=OuterRef("customer_id"), at__gt=OuterRef("at"), at__lte=begins)
        return into.filter(~Exists(onwards))

    def crossing(self, then: AsOf, now: AsOf) -> list[Edge]:
        if self.op == "was":
            found = [
                Edge(_moves().filter(at__gte=early, at__lt=late + A_MOMENT).values("customer_id"), entered)
                for early, late, entered in crossed(self.window, then, now)
            ]
            if is_empty(self.window, then) != is_empty(self.window, now):
                found += [Edge(self._times(at).values("customer_id")) for at in (then, now)]
            return found
        back = timedelta(days=self.days)
        span = {"stage_at__gte": then.now - back, "stage_at__lte": now.now - back}
        long_enough = Standing.objects.filter(stage=self.stage, **span).values("customer_id")
        return [Edge(long_enough, self.op == "for_at_least")]

    def of_today(self, words: Words) -> list[str]:
        """The moves say it all."""
        return []

    def actual(self, as_of: AsOf) -> Shown:
        if self.op == "was":
            mine = self._times(as_of).filter(customer=OuterRef("pk"))
            return Subquery(mine.order_by("-at").values("at")[:1])
        in_it = When(asked(registry.fields["stage"], IsAnyOf(), (self.stage,), as_of), then=_since(as_of))
        return Case(in_it, output_field=DateTimeField())

    def show(self, actual: Any, words: Words) -> str:
        if actual is None:
            return _("not in it") if self.op != "was" else _("not so far")
        return _("since %(when)s") % {"when": instant(actual)}

    def turns(self, customer_id: int, actual: Any, as_of: AsOf) -> list[datetime]:
        if self.op != "was":
            ahead = registry.fields["stage"].ahead
            times = [*(ahead.turns(customer_id) if ahead else ()), *([actual] if actual is not None else ())]
            return [turn for at in times for turn in (at, at + timedelta(days=self.days))]
        moved = _moves().filter(customer=customer_id).values_list("at", flat=True)
        return [turn for time in moved for turn in (time, *self.window.turns(time, as_of))]

    def sentence(self, words: Words) -> str:
        stage = {"stage": quoted(str(Stage(self.stage).label)), "n": self.days}
        if self.op == "was":
            return _("was in the stage %(stage)s %(window)s") % {**stage, "window": self.window.phrase()}
        if self.op == "for_at_least":
            return (
                ngettext(
                    "has been in the stage %(stage)s for at least %(n)d day",
                    "has been in the stage %(stage)s for at least %(n)d days",
                    self.days,
                )
                % stage
            )
        return (
            ngettext(
                "has been in the stage %(stage)s for at most %(n)d day",
                "has been in the stage %(stage)s for at most %(n)d days",
                self.days,
            )
            % stage
        )


def _since(as_of: AsOf) -> Any:
    """When the stage at that instant began."""
    return registry.fields["stage_since"].then(as_of).x_at(as_of)


def _moves() -> Rows:
    """Moves as they are held to have been now; what late events disproved is left out."""
    return StageMove.objects.filter(superseded_at__isnull=True)


def _stages() -> Choices:
    return {stage: Stage(stage).label for stage in STAGES}


def _ways() -> Choices:
    return {
        "for_at_least": gettext_lazy("for at least (days)"),
        "for_at_most": gettext_lazy("for at most (days)"),
        "was": gettext_lazy("at some time"),
    }
