"""Changing the shop's settings: checked, stored, audited."""

from collections.abc import Mapping

from babel.core import get_global
from django.db import transaction
from django.utils.translation import gettext as _

from config.kit.refusal import Refusal
from users.models import Operator
from users.services import audit
from users.shop import settings

LONGEST = 200

Value = int | str | float


@transaction.atomic
def change(values: Mapping[str, Value], *, by: Operator) -> list[str]:
    """Store the settings that differ; their names.

    Raises Refusal for an unknown name, another type than the default's, a negative number, an overlong text
    or a currency that ISO does not know.
    """
    before: dict[str, Value] = {}
    after: dict[str, Value] = {}
    for name, value in values.items():
        setting = settings.get(name)
        if setting is None:
            raise Refusal("unknown_setting", _("There is no such setting."), field=name)
        _check(name, value, setting.default)
        if (old := setting.get()) != value:
            before[name], after[name] = old, value
            setting.set(value)  # type: ignore[arg-type]  # checked against the default's type
    if after:
        audit.record("settings.change", by=by, before=before, after=after)
    return list(after)


def _check(name: str, value: Value, default: Value) -> None:
    if type(value) is not type(default):
        raise Refusal("bad_setting", _("This is not the kind of value that the setting takes."), field=name)
    if isinstance(value, int | float) and value < 0:
        raise Refusal("bad_setting", _("Set a number that is not negative."), field=name)
    if isinstance(value, str) and not 0 < len(value) <= LONGEST:
        raise Refusal("bad_setting", _("Write 1 to %(n)s characters.") % {"n": LONGEST}, field=name)
    if name == "currency" and value not in get_global("all_currencies"):
        raise Refusal("bad_currency", _("Set an ISO code of three letters, such as CNY."), field=name)
