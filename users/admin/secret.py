"""Showing a secret once: in the answer to the form that made it, kept nowhere."""

from typing import Any

from django.http import HttpResponse

from config.kit.refusal import Refusal


class SecretOnce:
    """For a FormPage that makes a secret: ``make(form)`` gives what it is for, and the secret."""

    def make(self, form: Any) -> tuple[str, str]:
        """Do it. Override."""
        raise NotImplementedError

    def form_valid(self, form: Any) -> HttpResponse:
        """Show it instead of going on; the page is not stored by browsers."""
        try:
            name, secret = self.make(form)
        except Refusal as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
            return self.form_invalid(form)  # type: ignore[attr-defined, no-any-return]
        self.template_name = "users/secret.html"
        context = self.get_context_data(form=form)  # type: ignore[attr-defined]
        return self.render_to_response(context | {"secret_name": name, "secret": secret})  # type: ignore[attr-defined, no-any-return]
