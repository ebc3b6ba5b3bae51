"""Addresses of users below /api/v1/."""

from django.urls import path

from users.api import privacy, products

app_name = "users_api"
urlpatterns = [
    path("me/export", privacy.MyCopy.as_view(), name="my_copy"),
    path("me/export/file", privacy.MyCopyFile.as_view(), name="my_copy_file"),
    path("me/products", products.MyProducts.as_view(), name="my_products"),
    path("me/erase", privacy.EraseMe.as_view(), name="erase_me"),
]
