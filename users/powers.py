"""What sends to customers, or takes what is known of them out of the house: one list, with the roles that may.

Pages take their roles from here, and whoever holds one of these powers needs a second factor
(``users/second_factor.py``). Apps above lend theirs.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from config.kit.registry import Registry
from users.models import Role


@dataclass(frozen=True, slots=True)
class Power:
    """An act in words, and the roles that may do it; the owner may do everything."""

    title: StrOrPromise
    roles: tuple[Role, ...]


powers: Registry[Power] = Registry("power")


def lend(name: str, title: StrOrPromise, *roles: Role) -> Power:
    """Make a power known."""
    return powers.register(name, Power(title, roles))


def held_by(role: str) -> list[Power]:
    """The powers of a role."""
    return [power for power in powers if role == Role.OWNER or role in power.roles]


EXPORT = lend("export", _("Files of customers, orders and events"), Role.OPERATOR, Role.ANALYST)
COPY = lend("copy", _("The copy of everything held of a customer"), Role.OPERATOR, Role.SUPPORT)
MACHINES = lend("machines", _("API keys and storefronts"))
