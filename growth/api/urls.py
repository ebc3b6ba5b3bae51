"""Addresses of growth below /api/v1/."""

from django.urls import path

from growth.api import views

app_name = "growth_api"
urlpatterns = [
    path("me/points", views.MyPoints.as_view(), name="my_points"),
    path("me/points/history", views.MyPointsHistory.as_view(), name="my_points_history"),
    path("me/level", views.MyLevel.as_view(), name="my_level"),
    path("me/check-in", views.MyCheckIn.as_view(), name="my_check_in"),
    path("points", views.CustomerPoints.as_view(), name="points"),
    path("points/spend", views.SpendPoints.as_view(), name="points_spend"),
]
