"""How the two ways of authentication are shown in the OpenAPI document."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class ServerKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """A server key as a bearer."""

    target_class = "users.api.auth.ServerKeyAuthentication"
    name = "serverKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A server key of the shop's back end."}


class ShopperScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """A shopper's token as a bearer."""

    target_class = "users.api.auth.ShopperAuthentication"
    name = "shopperToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "HS256 with the storefront's secret, at most 15 minutes; sub is the userId.",
        }
