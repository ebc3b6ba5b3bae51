"""The addresses of the tracking API; each works with and without a trailing slash."""

from django.urls import re_path

from users.api import browser_settings, tracking_views

_SLASH = "/?$"

urlpatterns = [
    *(
        re_path(f"^{address.lstrip('/')}{_SLASH}", tracking_views.track, name=f"tracking-{address}")
        for address in tracking_views.ADDRESSES
    ),
    re_path(f"^v1/projects/(?P<key>[^/]+)/settings{_SLASH}", browser_settings.show, name="tracking-settings"),
]
