"""Wiring and floor: settings, processes, and the shared tools in `config.kit`."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
