"""What a rule would select, before it is saved: about how many, exactly how many, whom, and in words."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from math import sqrt
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import Count, F, Func, IntegerField, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.kit.batches import execute, fetch
from config.kit.refusal import Refusal
from config.kit.words import number
from segments.rules.as_of import AsOf
from segments.rules.outcome import Outcome, outcome
from segments.rules.parse import parse
from segments.rules.tree import Rule
from segments.rules.words import Words
from users.models import Customer, EventType

SAMPLE_SIZE = 10
# One customer in a hundred, always the same ones, so that the estimate moves only when the rule does.
ONE_IN = 100
# With fewer customers than this the exact count is as quick as the estimate.
LARGE_SHOP = 50_000
# In the planner's units; an aggregate over 20 M events costs about a million.
COST_CEILING = 30_000_000
SECONDS = 8
CANCELLED = "57014"
Z95 = 1.96


@dataclass(frozen=True, slots=True)
class Preview:
    """``count`` ± ``margin`` of ``total`` living customers (margin 0: exact). ``sample``: some of them.

    An estimate names those of the drawn customers who match: to look for some among all takes as long as to count them.
    """

    sentence: str
    count: int
    margin: int
    total: int
    sample: list[Customer] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def preview(raw: Any, now: datetime, *, exact: bool = True, words: Words | None = None) -> Preview:
    """Look at a rule without saving it. Raises Refusal when it cannot be read or would cost too much."""
    rule = parse(raw)
    as_of = AsOf(now)
    chosen = rule.customers(as_of)
    with within_seconds(SECONDS):
        check_cost(chosen)
        total = Customer.objects.living().count()
        if exact or total < LARGE_SHOP:
            found = chosen.aggregate(n=Count("pk"), visitors=Count("pk", filter=Q(identified=False)))
            count, margin, visitors = found["n"], 0, found["visitors"]
        else:
            chosen = sample(ONE_IN).filter(rule.expression(as_of.asked_for(everybody=False)))
            (count, margin), visitors = estimate(chosen.count(), total), 0
        some = list(chosen.select_related("standing")[:SAMPLE_SIZE])
    return Preview(
        rule.sentence(words or Words()),
        count,
        margin,
        total,
        some,
        warnings(rule, as_of, count, total, visitors),
    )


def sample(one_in: int) -> QuerySet[Customer]:
    """One living customer in so many, always the same ones.

    By a hash of their number: shops come over in files in which every so many rows are alike, so the number
    itself would draw customers of one kind.
    """
    lot = Func(F("pk"), function="hashint8", output_field=IntegerField())
    return Customer.objects.living().annotate(draw=lot % one_in).filter(draw=0)


def estimate(found: int, total: int) -> tuple[int, int]:
    """About how many customers match, with half the width of the 95 % interval: so many of the sticky sample do."""
    size = sample(ONE_IN).count()
    if not size:
        return 0, total
    return round(found / size * total), round(half_width(found, size) * total)


def half_width(found: int, size: int) -> float:
    """Half the width of the 95 % interval of a share.

    Agresti and Coull's adjustment keeps it honest where none or all of the sample match.
    """
    adjusted = (found + 2) / (size + 4)
    return Z95 * sqrt(adjusted * (1 - adjusted) / (size + 4))


def warnings(rule: Rule, as_of: AsOf, count: int, total: int, visitors: int) -> list[str]:
    """What an operator may not have meant. ``visitors``: how many of those chosen have no name or contact."""
    found = []
    if visitors:
        found.append(
            ngettext(
                "%(n)s of them is a visitor who never said who they are.",
                "%(n)s of them are visitors who never said who they are.",
                visitors,
            )
            % {"n": number(visitors)}
        )
    if count == total and total:
        found.append(_("Every customer matches at the moment."))
    if not count:
        found.append(_("Nobody matches at the moment."))
    if outcome(rule.root) is not Outcome.SOME:
        found.append(_("By its form this rule means everyone or no one."))
    named = frozenset[str]().union(*(condition.event_names() for condition in rule.root.conditions()))
    unseen = {name for name in named if not as_of.event_types.id_of(name)}
    found.extend(_("No event “%(name)s” was ever seen.") % {"name": name} for name in sorted(unseen))
    return found


def check_cost(customers: QuerySet[Any]) -> None:
    """Refuse what the planner expects to be too much work for a preview. Raises Refusal."""
    sql, parameters = customers.values("pk").query.sql_with_params()
    ((plan,),) = fetch(f"EXPLAIN (FORMAT JSON) {sql}", parameters)
    if plan[0]["Plan"]["Total Cost"] > COST_CEILING:
        raise Refusal(
            "too_costly", _("This rule would read too much at once. Use fewer or narrower conditions.")
        )


@contextmanager
def within_seconds(seconds: int) -> Iterator[None]:
    """Run reading statements with a limit of their own. Raises Refusal when one is cut off."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SHOW statement_timeout")
                (before,) = cursor.fetchone()
            execute(f"SET LOCAL statement_timeout = '{seconds}s'")
            yield
            execute("SET LOCAL statement_timeout = %s", [before])
    except OperationalError as problem:
        if getattr(problem.__cause__, "pgcode", "") != CANCELLED:
            raise
        raise Refusal(
            "too_slow", _("This rule takes too long to count. Use fewer or narrower conditions.")
        ) from None


def event_names() -> list[str]:
    """The events that rules may ask about, by name."""
    return list(EventType.objects.filter(is_internal=False).order_by("name").values_list("name", flat=True))
