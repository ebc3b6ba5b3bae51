"""Where shops deliver, under /hooks/."""

from django.urls import re_path

from users.api.hooks import receive

urlpatterns = [
    re_path(
        "^(?P<kind>shopify|woocommerce|youzan)/(?P<token>[A-Za-z0-9_-]{10,40})/?$", receive, name="shop_hook"
    ),
]
