"""Whether anything may go out to customers and to other programs: the shop's switch, and the latch of a restored dump.

A database knows where it is at home: by the cluster, and by the numbers PostgreSQL gave to the database and to one of
its tables. A dump takes that along to where it is restored, and there the numbers are others. What the dump believes
to be unsent may have been sent since, so nothing goes out until an owner has looked and turned the switch.
"""

import logging
from functools import cache

from django.db import transaction

from config.kit.batches import fetch
from users.models import ShopSetting
from users.services import audit
from users.services.erase import replay
from users.shop import Setting, sending

log = logging.getLogger(__name__)

HOME = "database_home"
"""Under this name the place is kept beside the settings; it is none that anybody sets."""

_STATE = """
    SELECT coalesce((SELECT value = '0' FROM users_shopsetting WHERE name = %s), false),
           (SELECT value #>> '{}' FROM users_shopsetting WHERE name = %s),
           concat_ws('/', (SELECT system_identifier FROM pg_control_system()),
                          (SELECT oid FROM pg_database WHERE datname = current_database()),
                          'users_shopsetting'::regclass::oid)
"""


def held() -> str:
    """Why nothing goes out now: ``stopped``, ``restored``, or empty when everything may. One short look-up."""
    ((stopped, home, here),) = fetch(_STATE, [sending.name, HOME])
    if home is None:
        ShopSetting.objects.get_or_create(name=HOME, defaults={"value": here})
    elif home != here:
        return "restored"
    return "stopped" if stopped else ""


def held_for_show() -> str:
    """As ``held``, from the settings that a page reads anyway; a database exchanged under the web is not noticed."""
    home = Setting(HOME, "", "").get()
    if home and home != _here():
        return "restored"
    return "" if sending.get() else "stopped"


@cache
def _here() -> str:
    ((_stopped, _home, here),) = fetch(_STATE, [sending.name, HOME])
    return str(here)


def settle_restored() -> int | None:
    """On a restored dump: erase again whom it brought back, then stop sending until an owner turns it on.

    How many were erased again; None where this database is at home. Killed in between, it is done anew.
    """
    if held() != "restored":
        return None
    erased = replay()
    with transaction.atomic():
        ((_stopped, home, here),) = fetch(_STATE, [sending.name, HOME])
        sending.set(0)
        ShopSetting.objects.filter(name=HOME).update(value=here)
        audit.record("sending.restored", by=None, before={"database": home}, after={"database": here})
    log.warning("database_restored", extra={"erased_again": erased})
    return erased
