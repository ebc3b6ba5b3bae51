"""Start-up of growth: the default rule and ladder after a migration."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate  # noqa: TID251 - not a model signal: once per migrate
from django.utils.translation import gettext_lazy as _


class GrowthConfig(AppConfig):
    name = "growth"
    verbose_name = _("Growth")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from growth import shop  # noqa: F401 - declares the settings
        from growth.seed import seed  # the tables exist only now

        post_migrate.connect(seed, sender=self, dispatch_uid="growth.seed")
