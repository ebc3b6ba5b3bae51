"""Operators: the people who log in to the admin."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What an operator may do; the matrix of routes and roles is tested."""

    OWNER = "owner", _("Owner")
    OPERATOR = "operator", _("Operator")
    ANALYST = "analyst", _("Analyst")
    SUPPORT = "support", _("Support agent")
    APPROVER = "approver", _("Approver")
    READ_ONLY = "read_only", _("Read only")


class OperatorManager(UserManager["Operator"]):
    """Makes operators; ``manage.py createsuperuser`` makes an owner."""

    def create_superuser(
        self, username: str, email: str | None = None, password: str | None = None, **fields: Any
    ) -> "Operator":
        """The first operator of a new shop: whoever may do everything is its owner."""
        return super().create_superuser(username, email, password, **{"role": Role.OWNER, **fields})


class Operator(AbstractUser):
    """Somebody who works in the shop. ``language`` empty means: as the browser asks.

    ``factor_at``: since when a second factor is set up. ``sessions_from`` moves whenever it comes, goes or is reset,
    and sessions begun before are over.
    """

    role = models.CharField(_("role"), max_length=20, choices=Role.choices, default=Role.READ_ONLY)
    language = models.CharField(_("language"), max_length=10, blank=True)
    factor_at = models.DateTimeField(null=True, editable=False)
    sessions_from = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[OperatorManager] = OperatorManager()

    class Meta:
        verbose_name = _("operator")
        verbose_name_plural = _("operators")

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    def get_session_auth_hash(self) -> str:
        """What a session must carry: it changes with the password, as ever, and with the second factor."""
        as_ever = super().get_session_auth_hash()
        if self.sessions_from is None:
            return as_ever
        return salted_hmac("second factor", f"{as_ever} {self.sessions_from.timestamp()}").hexdigest()
