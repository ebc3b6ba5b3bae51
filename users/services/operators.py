"""Operators: the demo's log-ins, new operators, their roles."""

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from config.kit.refusal import Conflict, Refusal
from users.models import Operator, Role
from users.services import audit

# Printed by the command, shown on the log-in page while the demo runs; never made in a shop with operators.
DEMO_PASSWORD = "regulars-demo"
DEMO_LOGINS: tuple[tuple[str, Role], ...] = (
    ("owner", Role.OWNER),
    ("operator", Role.OPERATOR),
    ("analyst", Role.ANALYST),
    ("support", Role.SUPPORT),
    ("approver", Role.APPROVER),
)


@transaction.atomic
def make_demo_operators() -> list[Operator]:
    """One operator per role with the known password, when nobody can log in yet; else none."""
    if Operator.objects.exists():
        return []
    made = []
    for username, role in DEMO_LOGINS:
        operator = Operator.objects.create_user(username, password=DEMO_PASSWORD, role=role, is_staff=True)
        audit.record(
            "operator.create",
            by=None,
            actor="demo",
            target=operator,
            after={"role": role.value},
        )
        made.append(operator)
    return made


def demo_logins() -> list[tuple[str, str]]:
    """(user name, role) of the demo's operators that can log in; empty unless the demo runs."""
    if not settings.DEMO:
        return []
    roles = dict(DEMO_LOGINS)
    there = Operator.objects.filter(username__in=roles, is_active=True).order_by("pk")
    return [(operator.username, str(Role(operator.role).label)) for operator in there]


@transaction.atomic
def create_operator(
    *, username: str, name: str, email: str, role: str, password: str, by: Operator
) -> Operator:
    """A new operator. Raises Refusal when the user name is taken."""
    if Operator.objects.filter(username__iexact=username).exists():
        raise Refusal(
            "username_taken",
            _("Somebody has this user name already."),
            field="username",
        )
    operator = Operator.objects.create_user(
        username,
        email=email,
        password=password,
        role=role,
        first_name=name,
        is_staff=True,
    )
    audit.record("operator.create", by=by, target=operator, after={"role": role})
    return operator


@transaction.atomic
def change_operator(operator_id: int, *, role: str, is_active: bool, by: Operator) -> Operator:
    """Change an operator's role, or lock the operator out (the session ends with the next request).

    Raises Conflict when no active owner would be left.
    """
    list(Operator.objects.select_for_update().filter(role=Role.OWNER).order_by("pk"))
    operator = Operator.objects.select_for_update().get(pk=operator_id)
    before = {"role": operator.role, "is_active": operator.is_active}
    operator.role, operator.is_active = role, is_active
    operator.save(update_fields=["role", "is_active"])
    if not Operator.objects.filter(role=Role.OWNER, is_active=True).exists():
        raise Conflict(
            "last_owner",
            _("The shop needs one owner who can log in. Make somebody else owner first."),
        )
    audit.record(
        "operator.change",
        by=by,
        target=operator,
        before=before,
        after={"role": role, "is_active": is_active},
    )
    return operator
