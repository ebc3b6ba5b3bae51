"""Machines that may call us: API keys, and storefronts that sign for their shoppers."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kit.given_names import as_read


class Scope(models.TextChoices):
    """``write``: public, may only say what happened. ``server``: the shop's back end, is believed."""

    WRITE = "write", _("Write (public, in browsers and apps)")
    SERVER = "server", _("Server (secret, the shop's back end)")


class ApiKey(models.Model):
    """A key, of which only the SHA-256 is kept; ``prefix`` lets people tell keys apart.

    ``may``: the only scopes (``users/scopes.py``) that a server key has; an empty list is all of them.
    """

    name = models.CharField(_("name"), max_length=100)
    scope = models.CharField(_("scope"), max_length=20, choices=Scope.choices)
    may = models.JSONField(default=list, db_default=[])
    prefix = models.CharField(_("prefix"), max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(_("created"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")

    def __str__(self) -> str:
        return f"{as_read(self.name)} ({self.prefix}…)"


class Storefront(models.Model):
    """A storefront: its name is the ``aud`` of the JWTs it signs for shoppers with ``jwt_secret``."""

    name = models.SlugField(_("name"), unique=True)
    title = models.CharField(_("title"), max_length=100)
    jwt_secret = models.CharField(max_length=128)
    allowed_origins = models.JSONField(_("allowed origins"), default=list, blank=True)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("storefront")
        verbose_name_plural = _("storefronts")

    def __str__(self) -> str:
        return as_read(self.title)


class IdempotencyRecord(models.Model):
    """The stored answer to a call, in the transaction of its effect.

    The same key and request give the same answer again; another request under the key is refused.
    """

    pk = models.CompositePrimaryKey("caller", "key")
    caller = models.CharField(max_length=80)
    key = models.CharField(max_length=128)
    request_digest = models.CharField(max_length=64)
    status = models.SmallIntegerField()
    answer = models.JSONField()
    created_at = models.DateTimeField(db_index=True)
