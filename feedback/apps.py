"""Start-up of feedback: the default calendar after a migration."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate  # noqa: TID251 - not a model signal: once per migrate
from django.utils.translation import gettext_lazy as _


class FeedbackConfig(AppConfig):
    name = "feedback"
    verbose_name = _("Feedback")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from feedback.seed import seed  # the tables exist only now

        post_migrate.connect(seed, sender=self, dispatch_uid="feedback.seed")
