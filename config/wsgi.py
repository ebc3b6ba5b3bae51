"""The WSGI application gunicorn serves: Django, with the tracking API answered in front of its middleware."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application
from django.utils.module_loading import import_string

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

django = get_wsgi_application()
tracking_path = import_string("users.api.tracking.is_ours")
tracking_application = import_string("users.api.tracking.application")


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Sessions, languages and log-in mean nothing to a tracking call and would cost more than it does."""
    if tracking_path(environ["PATH_INFO"]):
        answer: Iterable[bytes] = tracking_application(environ, start_response)
        return answer
    return django(environ, start_response)
