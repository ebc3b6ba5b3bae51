"""Addresses of the operators' pages of users, under /admin/."""

from django.urls import path

from users.admin.audit import AuditList
from users.admin.behind import ActiveList, MoveList, OrderList
from users.admin.customer import CustomerPage
from users.admin.customers import CustomerList
from users.admin.home import HomePage
from users.admin.operators import ChangeOperator, NewOperator, OperatorList
from users.admin.search import SearchPage
from users.admin.settings import LifecyclePage, SettingsPage, ShopPage

app_name = "users"
urlpatterns = [
    path("", HomePage.as_view(), name="home"),
    path("customers/", CustomerList.as_view(), name="customers"),
    path("customers/<int:customer_id>/", CustomerPage.as_view(), name="customer"),
    path("customers/moves/", MoveList.as_view(), name="moves"),
    path("customers/orders/", OrderList.as_view(), name="orders"),
    path("customers/active/", ActiveList.as_view(), name="active"),
    path("settings/", SettingsPage.as_view(), name="settings"),
    path("settings/shop/", ShopPage.as_view(), name="shop"),
    path("settings/stages/", LifecyclePage.as_view(), name="lifecycle"),
    path("settings/operators/", OperatorList.as_view(), name="operators"),
    path("settings/operators/new/", NewOperator.as_view(), name="operator_create"),
    path("settings/operators/<int:operator_id>/", ChangeOperator.as_view(), name="operator"),
    path("settings/audit/", AuditList.as_view(), name="audit"),
    path("search/", SearchPage.as_view(), name="search"),
]
