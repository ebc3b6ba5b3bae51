"""Changing the shop's settings: checked, stored, audited."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from config.kit import words
from config.kit.refusal import Refusal
from users.models import Operator
from users.services import audit
from users.shop import Setting, settings

LONGEST = 200
LARGEST = 500_000
"""Of any number: so many days before today there still is a calendar."""

Value = int | str | float


@transaction.atomic
def change(values: Mapping[str, Value], *, by: Operator) -> list[str]:
    """Store the settings that differ; their names.

    Raises Refusal for an unknown name, another type than the default's, a negative or huge number, an overlong text,
    and for what the setting's own check refuses.
    """
    before: dict[str, Value] = {}
    after: dict[str, Value] = {}
    for name, value in values.items():
        setting = settings.get(name)
        if setting is None:
            raise Refusal("unknown_setting", _("There is no such setting."), field=name)
        _check(setting, value)
        if (old := setting.get()) != value:
            before[name], after[name] = old, value
            setting.set(value)  # type: ignore[arg-type]  # of the default's type, as checked
    if after:
        audit.record("settings.change", by=by, before=before, after=after)
    return list(after)


def _check(setting: Setting[Any], value: Value) -> None:
    if type(value) is not type(setting.default):
        raise _refusal(setting, _("This is not the kind of value that the setting takes."))
    if isinstance(value, int | float) and value < 0:
        raise _refusal(setting, _("Set a number that is not negative."))
    if isinstance(value, int | float) and value > LARGEST:
        raise _refusal(setting, _("Set a number of at most %(n)s.") % {"n": words.number(LARGEST)})
    if isinstance(value, str) and len(value) > LONGEST:
        raise _refusal(setting, _("Write at most %(n)s characters.") % {"n": LONGEST})
    if setting.check is not None:
        try:
            setting.check(value)
        except ValueError:
            example = setting.default or "–"
            raise _refusal(setting, _("Write it like this: %(example)s") % {"example": example}) from None


def _refusal(setting: Setting[Any], sentence: str) -> Refusal:
    return Refusal("bad_setting", sentence, field=setting.name)
