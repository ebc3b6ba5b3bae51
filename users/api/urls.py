"""Addresses of users below /api/v1/."""

from django.urls import path

from users.api import views

app_name = "users_api"
urlpatterns = [
    path("me/preferences", views.MyPreferences.as_view(), name="preferences"),
    path("me/profile", views.MyProfile.as_view(), name="profile"),
    path("me/devices", views.MyDevices.as_view(), name="devices"),
]
