"""The wiring itself as an app: system checks and the commands that belong to no idea of the shop."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Registers the checks of the settings."""

    name = "config"

    def ready(self) -> None:
        """Make `manage.py check` read the settings."""
        from config import checks  # noqa: F401
