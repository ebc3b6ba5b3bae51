"""Which columns of a list an operator wants to see: remembered for the next visit, on any machine."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from config.kit.refusal import Refusal
from users.models import ListColumns, Operator

MOST = 20


def chosen(name: str, *, by: Operator) -> list[str]:
    """The columns chosen for a list; empty: none were."""
    found = ListColumns.objects.filter(operator=by, name=name).values_list("columns", flat=True).first()
    return [str(column) for column in found or []]


def choose(name: str, columns: Sequence[str], *, known: Sequence[str], by: Operator) -> None:
    """Remember the columns of a list, in the order of ``known``; none: the usual ones again. Raises Refusal."""
    wanted = [column for column in known if column in columns]
    if len(wanted) > MOST:
        raise Refusal("too_many", _("Choose at most %(n)s columns.") % {"n": MOST})
    if not wanted:
        ListColumns.objects.filter(operator=by, name=name).delete()
        return
    ListColumns.objects.update_or_create(operator=by, name=name, defaults={"columns": wanted})
