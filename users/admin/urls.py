"""Addresses of the operators' pages of users, under /admin/."""

from django.urls import path

from users.admin.behind import ActiveList, MoveList, OrderList
from users.admin.customer import CustomerPage
from users.admin.customers import CustomerList
from users.admin.home import HomePage
from users.admin.search import SearchPage

app_name = "users"
urlpatterns = [
    path("", HomePage.as_view(), name="home"),
    path("customers/", CustomerList.as_view(), name="customers"),
    path("customers/<int:customer_id>/", CustomerPage.as_view(), name="customer"),
    path("customers/moves/", MoveList.as_view(), name="moves"),
    path("customers/orders/", OrderList.as_view(), name="orders"),
    path("customers/active/", ActiveList.as_view(), name="active"),
    path("search/", SearchPage.as_view(), name="search"),
]
