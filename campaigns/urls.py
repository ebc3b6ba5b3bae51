"""Addresses of the public pages of campaigns; short, because they stand in every message."""

from django.urls import path

from campaigns.public.views import ClickView, OpenView, UnsubscribeView

app_name = "messages"

urlpatterns = [
    path("u/<str:token>", UnsubscribeView.as_view(), name="unsubscribe"),
    path("c/<str:token>", ClickView.as_view(), name="click"),
    path("o/<str:token>.gif", OpenView.as_view(), name="open"),
]
