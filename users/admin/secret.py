"""Showing a secret once: in the answer to the form that made it, kept nowhere."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from config.kit.admin import FormPage
from config.kit.refusal import Refusal


class SecretPage(FormPage):
    """A form that makes a secret: ``make(form)`` gives what it is for, and the secret."""

    is_made = False

    def get_purpose(self) -> StrOrPromise:
        """What comes, then what to do now."""
        return _("Copy it now: it cannot be shown again.") if self.is_made else super().get_purpose()

    def make(self, form: Any) -> tuple[str, str]:
        """Do it. Override."""
        raise NotImplementedError

    def form_valid(self, form: Any) -> HttpResponse:
        """Show it instead of going on; no browser stores the page."""
        try:
            name, secret = self.make(form)
        except Refusal as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
            return self.form_invalid(form)
        self.is_made = True
        self.template_name = "users/secret.html"
        return self.render_to_response(
            self.get_context_data(form=form)
            | {"secret_name": name, "secret": secret, "back": self.get_crumbs()[-1].url}
        )
