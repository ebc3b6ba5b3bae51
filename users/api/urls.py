"""Addresses of users below /api/v1/."""

from django.urls import path

from users.api import privacy, products, views

app_name = "users_api"
urlpatterns = [
    path("me/export", privacy.MyCopy.as_view(), name="my_copy"),
    path("me/export/file", privacy.MyCopyFile.as_view(), name="my_copy_file"),
    path("me/products", products.MyProducts.as_view(), name="my_products"),
    path("me/erase", privacy.EraseMe.as_view(), name="erase_me"),
    path("me/preferences", views.MyPreferences.as_view(), name="preferences"),
    path("me/profile", views.MyProfile.as_view(), name="profile"),
    path("me/devices", views.MyDevices.as_view(), name="devices"),
]
