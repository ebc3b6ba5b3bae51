"""Where an operator sets up, takes off and renews a second factor, in place of the addresses of allauth."""

from django.urls import path

from users.admin.second_factor import NewRecoveryCodes, SetUp, TakeOff

urlpatterns = [
    path("totp/activate/", SetUp.as_view()),
    path("totp/deactivate/", TakeOff.as_view()),
    path("recovery-codes/generate/", NewRecoveryCodes.as_view()),
]
