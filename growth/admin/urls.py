"""Addresses of growth's screens below /admin/growth/."""

from django.urls import path

from growth.admin.holders import Holders, LevelCustomers
from growth.admin.ledger import Adjust, Ledger
from growth.admin.levels import EditLevel, Levels
from growth.admin.overview import Overview
from growth.admin.rules import Award, EditRule, Rules

app_name = "growth"
urlpatterns = [
    path("", Overview.as_view(), name="home"),
    path("holders/", Holders.as_view(), name="holders"),
    path("customers/<int:pk>/", Ledger.as_view(), name="ledger"),
    path("customers/<int:pk>/adjust/", Adjust.as_view(), name="adjust"),
    path("award/", Award.as_view(), name="award"),
    path("rules/", Rules.as_view(), name="rules"),
    path("rules/new/", EditRule.as_view(), name="rule_new"),
    path("rules/<int:pk>/", EditRule.as_view(), name="rule"),
    path("levels/", Levels.as_view(), name="levels"),
    path("levels/new/", EditLevel.as_view(), name="level_new"),
    path("levels/<int:pk>/", EditLevel.as_view(), name="level"),
    path("levels/<int:pk>/customers/", LevelCustomers.as_view(), name="level_customers"),
]
