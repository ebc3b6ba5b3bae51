"""Public addresses of users; short, because they stand on posters, in posts and in messages."""

from django.urls import path, re_path

from users.public.landing import LandingView
from users.public.views import ConfirmPage, PreferencePage

app_name = "public"

urlpatterns = [
    path("p/<str:token>", PreferencePage.as_view(), name="preferences"),
    path("y/<str:token>", ConfirmPage.as_view(), name="confirm"),
    # Whatever stands behind it, so that a mistyped code gets a shopper's page and not an operator's.
    re_path(r"^s/(?P<code>[\s\S]*)$", LandingView.as_view(), name="landing"),
]
