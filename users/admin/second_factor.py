"""The second factor at the door: nothing else before it is set up, each code once, and the pages to set it up."""

from collections.abc import Callable
from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm, BaseAuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from django.contrib.auth import update_session_auth_hash
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from users.models import Operator
from users.second_factor import is_demanded_of, is_missing
from users.services import audit
from users.services import second_factor as acts
from users.shop import read_once

PAGES = "/admin/"


class FactorFirst:
    """Leads an operator of a role that sends or exports to the set-up, until there is a second factor."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, or lead away; nothing that was posted is done."""
        if not request.path.startswith(PAGES) or request.path == reverse("admin:logout"):
            return self.get_response(request)
        with read_once():  # the page reads the settings anyway
            if isinstance(request.user, Operator) and is_missing(request.user):
                return _lead(request)
            return self.get_response(request)


def _lead(request: HttpRequest) -> HttpResponse:
    url = reverse("mfa_activate_totp")
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


class Factors(DefaultMFAAdapter):
    """Where a factor is demanded nobody takes it off; what is said, in our words."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("This code is wrong, too old or was used before. Wait for the next one."),
        "cannot_delete_authenticator": _(
            "Your role sends to customers or exports, and the shop demands a second factor of it."
        ),
    }

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Only where the role may do without."""
        return not is_demanded_of(authenticator.user.role)


class CodeOnce(AuthenticateForm):
    """The code at log-in."""

    def clean_code(self) -> str:
        """Refuses a code that was used before."""
        return _spent(self, super().clean_code())


class CodeOnceAgain(ReauthenticateForm):
    """The code before something that needs a fresh proof."""

    def clean_code(self) -> str:
        """Refuses a code that was used before."""
        return _spent(self, super().clean_code())


def _spent(form: BaseAuthenticateForm, code: str) -> str:
    used = form.authenticator
    if used.type == Authenticator.Type.TOTP and not acts.spend(used, code):
        raise Factors().validation_error("incorrect_code")
    return code


class SetUp(ActivateTOTPView):
    """The picture for the app, and the first code."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Whether there is a way round it."""
        told: dict[str, Any] = super().get_context_data(**kwargs)
        return told | {"is_demanded": is_demanded_of(self.request.user.role)}

    def form_valid(self, form: Any) -> HttpResponse:
        """Keep it; this session goes on, others of this operator do not."""
        operator = self.request.user
        with transaction.atomic():
            response: HttpResponse = super().form_valid(form)
            made = Authenticator.objects.get(user=operator, type=Authenticator.Type.TOTP)
            acts.spend(made, form.cleaned_data["code"])
            acts.note_set_up(operator)
        update_session_auth_hash(self.request, operator)
        return response


class TakeOff(DeactivateTOTPView):
    """Without a second factor again, where none is demanded."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Forget it, with the recovery codes."""
        operator = self.request.user
        with transaction.atomic():
            response: HttpResponse = super().form_valid(form)
            acts.note_taken_off(operator)
        update_session_auth_hash(self.request, operator)
        return response


class NewRecoveryCodes(GenerateRecoveryCodesView):
    """Ten new ones; the earlier are worthless."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Make them."""
        with transaction.atomic():
            response: HttpResponse = super().form_valid(form)
            audit.record("operator.renew_recovery", by=self.request.user, target=self.request.user)
        return response
