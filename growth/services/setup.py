"""Changing how points are earned and what the ladder looks like; every change is audited."""

from django.db import transaction
from django.utils.translation import gettext as _

from config.kit.batches import execute
from config.kit.refusal import Refusal
from growth.models import EarningRule, Level
from users.models import Operator
from users.services import audit

_OF_RULE = ("name", "points_per_unit", "is_active", "position")
_OF_LEVEL = ("name", "name_zh", "threshold", "colour")


@transaction.atomic
def save_rule(rule: EarningRule, *, by: Operator) -> EarningRule:
    """Store a new or changed earning rule; it acts on orders paid from now on."""
    before = EarningRule.objects.filter(pk=rule.pk).first()
    rule.save()
    _audit("earning_rule", rule, before, _OF_RULE, by)
    return rule


@transaction.atomic
def save_level(level: Level, *, by: Operator) -> Level:
    """Store a new or changed step of the ladder; the next judging lifts those who reach it now.

    Refuses ``lowest_must_be_zero`` for a ladder on which a newcomer would stand nowhere.
    """
    before = Level.objects.filter(pk=level.pk).first()
    others = Level.objects.exclude(pk=level.pk).order_by("threshold").values_list("threshold", flat=True)
    if level.threshold > 0 and others.first() != 0:
        raise Refusal(
            "lowest_must_be_zero",
            _("The lowest level must begin at 0: everybody starts there."),
            field="threshold",
        )
    level.save()
    if before is None or before.threshold != level.threshold:
        _touch_everybody()
    _audit("level", level, before, _OF_LEVEL, by)
    return level


def _touch_everybody() -> None:
    """How far it is to the next level changed for all, also for those who never earned and have no row."""
    execute(
        "INSERT INTO users_touched (customer_id, topic) SELECT id, 'level' FROM users_customer WHERE erased_at IS NULL"
    )


def _audit(
    kind: str,
    row: EarningRule | Level,
    before: EarningRule | Level | None,
    names: tuple[str, ...],
    by: Operator,
) -> None:
    audit.record(
        f"{kind}.{'change' if before else 'create'}",
        by=by,
        target=row,
        before={name: str(getattr(before, name)) for name in names} if before else None,
        after={name: str(getattr(row, name)) for name in names},
    )
