"""Public addresses of users; short, because they stand on posters and in posts."""

from django.urls import re_path

from users.public.landing import LandingView

app_name = "public"

urlpatterns = [
    # Whatever stands behind it, so that a mistyped code gets a shopper's page and not an operator's.
    re_path(r"^s/(?P<code>[\s\S]*)$", LandingView.as_view(), name="landing"),
]
