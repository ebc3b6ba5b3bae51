"""Every address of the product. Apps are named by dotted strings; a module that is absent adds nothing."""

from importlib.util import find_spec

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.renderers import OpenApiJsonRenderer2, OpenApiYamlRenderer, OpenApiYamlRenderer2
from drf_spectacular.views import SpectacularAPIView

from config import health
from config.kit.api import nothing_here
from config.kit.model_admin import keep_only_ours

Address = URLPattern | URLResolver
handler500 = "config.trouble.failed"
DOCUMENT = (OpenApiJsonRenderer2, OpenApiYamlRenderer, OpenApiYamlRenderer2)
"""JSON unless YAML is asked for: whoever reads YAML reads JSON too."""

admin.autodiscover()
keep_only_ours()
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


def mounted(prefix: str, *modules: str) -> list[Address]:
    """The addresses of those modules that exist, under one prefix."""
    return [path(prefix, include(module)) for module in modules if _exists(module)]


def _exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


urlpatterns: list[Address] = [
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    # Ours first: what is done with a second factor leaves an audit row.
    *mounted("accounts/2fa/", "users.admin.factor_urls"),
    path("accounts/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("api/v1/schema", SpectacularAPIView.as_view(renderer_classes=DOCUMENT), name="api-schema"),
    # The tracking API for storefront SDKs, the storefront API, the pages that links in messages open.
    *mounted("", "users.api.tracking_urls"),
    *mounted(
        "api/v1/", *(f"{app}.api.urls" for app in ("users", "segments", "campaigns", "growth", "feedback"))
    ),
    *mounted("hooks/", *(f"{app}.api.hook_urls" for app in ("users", "campaigns"))),
    # A machine that asks for what is not there is not told so in HTML.
    re_path("^(?:api|v1|beacon|hooks)/", nothing_here),
    *mounted(
        "",
        *(f"{app}.urls" for app in ("users", "segments", "campaigns", "growth", "feedback")),
    ),
    # Operators' pages; what is left under /admin/ are the generic lists of the theme.
    path("", RedirectView.as_view(url="/admin/")),
    *mounted("admin/", "users.admin.urls"),
    *mounted("admin/segments/", "segments.admin.urls"),
    *mounted("admin/campaigns/", "campaigns.admin.urls"),
    *mounted("admin/growth/", "growth.admin.urls"),
    *mounted("admin/feedback/", "feedback.admin.urls"),
    path("admin/", admin.site.urls),
]
