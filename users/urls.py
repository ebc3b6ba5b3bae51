"""Addresses of the public pages of users; short, because they stand in messages."""

from django.urls import path

from users.public.views import ConfirmPage, PreferencePage

app_name = "preferences"

urlpatterns = [
    path("p/<str:token>", PreferencePage.as_view(), name="page"),
    path("y/<str:token>", ConfirmPage.as_view(), name="confirm"),
]
