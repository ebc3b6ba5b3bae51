"""Start-up of users: reference rows after a migration, and the apps' event handlers."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate  # noqa: TID251 - not a model signal: once per migrate
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class UsersConfig(AppConfig):
    name = "users"
    verbose_name = _("Customers")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from users.seed import seed  # the tables exist only now

        post_migrate.connect(seed, sender=self, dispatch_uid="users.seed")
        autodiscover_modules("event_handlers", "page_parts", "demo_parts", "holdings")
