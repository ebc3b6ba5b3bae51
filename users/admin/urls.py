"""Addresses of the operators' pages of users, under /admin/."""

from django.urls import path

from users.admin.home import HomePage
from users.admin.search import SearchPage

app_name = "users"
urlpatterns = [
    path("", HomePage.as_view(), name="home"),
    path("search/", SearchPage.as_view(), name="search"),
]
