"""Custom attributes are discovered from the profiles that changed, and counted over everybody once a day."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max, Min
from django.utils.translation import gettext as _

from config.kit.batches import fetch
from config.kit.refusal import Refusal
from users.models import AttributeDefinition, AttributeKind, Customer, Operator
from users.services import audit
from users.services.sql import statement

SLICE = 20_000
SLICES = 10
COUNT_SLICE = 100_000
COUNTED_EVERY = timedelta(days=1)
MOST_EXAMPLES = 5
MOST_DEFINITIONS = 2_000
"""Names of attributes; more are a mistake in somebody's tag manager, and make every list unreadable."""


@transaction.atomic
def discover(now: datetime) -> int:
    """Look at profiles that changed; how many. New names become definitions, other kinds make one mixed."""
    changed = fetch(
        "WITH gone AS (DELETE FROM users_changedprofile WHERE id IN (SELECT id FROM users_changedprofile"
        " ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING customer_id) SELECT DISTINCT customer_id FROM gone",
        [SLICE],
    )
    if changed:
        ids = [customer_id for (customer_id,) in changed]
        _note(fetch(statement("discover_attributes"), {"ids": ids}), now)
    return len(changed)


def discover_all(now: datetime) -> int:
    """``discover`` until nothing waits, or for as many slices as a task has time for."""
    looked_at = 0
    for _slice in range(SLICES):
        done = discover(now)
        looked_at += done
        if not done:
            break
    return looked_at


def count_if_due(now: datetime) -> int:
    """Count the customers of each attribute where that was a day ago or a name is new; how many names."""
    due = AttributeDefinition.objects.filter(counted_at__isnull=True) | AttributeDefinition.objects.filter(
        counted_at__lt=now - COUNTED_EVERY
    )
    return count(now) if due.exists() else 0


def count(now: datetime) -> int:
    """Count over all identified customers, slice by slice; how many names were seen."""
    ends = Customer.objects.aggregate(first=Min("pk"), last=Max("pk"))
    totals: Counter[str] = Counter()
    for first in range(ends["first"] or 0, (ends["last"] or -1) + 1, COUNT_SLICE):
        totals.update(
            dict(fetch(statement("count_attributes"), {"first": first, "end": first + COUNT_SLICE}))
        )
    known = list(AttributeDefinition.objects.all())
    for definition in known:
        definition.customers, definition.counted_at = totals[definition.name], now
    AttributeDefinition.objects.bulk_update(known, ["customers", "counted_at"], batch_size=500)
    return len(totals)


@transaction.atomic
def describe(
    definition: AttributeDefinition, *, label: str, label_zh: str, is_hidden: bool, by: Operator
) -> None:
    """Give an attribute its names for people, or hide it. Refuses an overlong label."""
    if max(len(label), len(label_zh)) > 100:
        raise Refusal("too_long", _("A label has at most 100 characters."), field="label")
    before = {"label": definition.label, "label_zh": definition.label_zh, "is_hidden": definition.is_hidden}
    definition.label, definition.label_zh, definition.is_hidden = label.strip(), label_zh.strip(), is_hidden
    definition.save(update_fields=["label", "label_zh", "is_hidden"])
    after = {"label": definition.label, "label_zh": definition.label_zh, "is_hidden": definition.is_hidden}
    if before != after:
        audit.record("attribute.describe", by=by, target=definition, before=before, after=after)


def _note(found: Iterable[Sequence[object]], now: datetime) -> None:
    """Write down what was found, each name once. Under a row lock per name, in their order."""
    seen = {str(name): (list(kinds), list(examples or [])) for name, kinds, examples in found}  # type: ignore[call-overload]
    room = MOST_DEFINITIONS - AttributeDefinition.objects.count()
    known = set(AttributeDefinition.objects.filter(name__in=seen).values_list("name", flat=True))
    fresh = sorted(set(seen) - known)[: max(room, 0)]
    AttributeDefinition.objects.bulk_create(
        [
            AttributeDefinition(
                name=name,
                kind=_kind(seen[name][0]),
                first_seen_at=now,
                last_seen_at=now,
                examples=seen[name][1],
            )
            for name in fresh
        ],
        ignore_conflicts=True,
    )
    old = list(AttributeDefinition.objects.select_for_update().filter(name__in=known).order_by("pk"))
    for definition in old:
        kinds, examples = seen[definition.name]
        definition.kind = _kind([definition.kind, *kinds])
        definition.examples = list(dict.fromkeys([*definition.examples, *examples]))[:MOST_EXAMPLES]
        definition.last_seen_at = now
    AttributeDefinition.objects.bulk_update(old, ["kind", "examples", "last_seen_at"], batch_size=500)


def _kind(kinds: Iterable[str]) -> str:
    different = set(kinds)
    return different.pop() if len(different) == 1 else AttributeKind.MIXED.value
