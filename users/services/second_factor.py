"""The second factor of operators: set up, taken off, reset when it is lost; each code spent once."""

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from allauth.mfa.utils import decrypt
from django.db import transaction
from django.utils.translation import gettext as _

from config.kit import clock
from config.kit.refusal import Refusal
from users.models import Operator
from users.services import audit


@transaction.atomic
def note_set_up(operator: Operator) -> None:
    """The operator has proven to hold a factor: every other session is over with its next click."""
    _turn(operator, has_factor=True)
    audit.record("operator.set_factor", by=operator, target=operator)


@transaction.atomic
def note_taken_off(operator: Operator) -> None:
    """The operator took the factor off, which is only possible where none is demanded."""
    _turn(operator, has_factor=False)
    audit.record("operator.remove_factor", by=operator, target=operator)


@transaction.atomic
def reset(operator_id: int, *, by: Operator | None, actor: str = "") -> Operator:
    """Forget a lost factor with its recovery codes; the sessions of that operator end with their next click.

    Refuses ``no_factor``. The next log-in asks for the password alone and leads to the set-up.
    """
    operator = Operator.objects.select_for_update().get(pk=operator_id)
    gone, _rows = Authenticator.objects.filter(user=operator).delete()
    if not gone and operator.factor_at is None:
        raise Refusal("no_factor", _("This person has set up no second factor."))
    _turn(operator, has_factor=False)
    audit.record("operator.reset_factor", by=by, actor=actor, target=operator)
    return operator


@transaction.atomic
def spend(authenticator: Authenticator, code: str) -> bool:
    """Whether a right code of the app was still unused; from now on it and all earlier ones are worthless.

    Remembered in the row: the theme's own memory of used codes is in Redis, which may be emptied at any moment.
    """
    row = Authenticator.objects.select_for_update().get(pk=authenticator.pk)
    secret = decrypt(row.data["secret"])
    meant = [n for n in auth.yield_hotp_counters_from_time() if _is(code, secret, n)]
    if not meant or meant[-1] <= row.data.get("spent", -1):
        return False
    row.data["spent"] = authenticator.data["spent"] = meant[-1]
    row.save(update_fields=["data"])
    return True


def _is(code: str, secret: str, counter: int) -> bool:
    expected = auth.format_hotp_value(auth.hotp_value(secret, counter))
    return bool(compare_user_code(actual=code, expected=expected))


def _turn(operator: Operator, *, has_factor: bool) -> None:
    operator.factor_at = clock.now() if has_factor else None
    operator.sessions_from = clock.lease_now()
    operator.save(update_fields=["factor_at", "sessions_from"])
