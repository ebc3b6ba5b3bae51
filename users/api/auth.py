"""Who is calling the storefront API: the shop's back end with a server key, or one shopper with a token."""

import base64
import binascii
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import jwt
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from config.kit.refusal import NotFound, Refusal
from users import scopes
from users.api import openapi  # noqa: F401 - shows the classes below in the OpenAPI document
from users.api.limits import PerKey
from users.models import Identity, IdentityKind, Scope, Storefront
from users.services import api_keys

ALGORITHM = "HS256"
LONGEST_LIFE = 15 * 60
"""Seconds a shopper's token may live."""
LEEWAY = 5
"""Seconds the storefront's clock may differ from ours."""


@dataclass(frozen=True, slots=True)
class ServerCaller:
    """The shop's back end. ``caller`` names it in idempotency records and the audit trail.

    ``may``: its only scopes; empty: all of them.
    """

    key_id: int
    name: str
    may: tuple[str, ...] = ()
    is_authenticated: ClassVar[bool] = True

    @property
    def caller(self) -> str:
        """One word for this caller, never given to another."""
        return f"key:{self.key_id}"


@dataclass(frozen=True, slots=True)
class Shopper:
    """One customer, who reaches only what is his own."""

    customer_id: int
    user_id: str
    storefront: str
    is_authenticated: ClassVar[bool] = True

    @property
    def caller(self) -> str:
        """One word for this caller, never given to another."""
        return f"shopper:{self.customer_id}"


class ServerKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer <server key>`, or Basic with the key as user name and no password."""

    def authenticate(self, request: Request) -> tuple[ServerCaller, None] | None:
        """The caller; null without a key of ours, so that another way of authentication may look."""
        secret = _secret(request)
        if secret is None or not secret.startswith(tuple(api_keys.PREFIXES.values())):
            return None
        key = api_keys.find(secret)
        if key is None or key.scope != Scope.SERVER:
            raise AuthenticationFailed(_("No such server key, or it was revoked."), code="bad_key")
        return ServerCaller(key.pk, key.name, tuple(key.may)), None

    def authenticate_header(self, request: Request) -> str:
        """Makes a refusal a 401."""
        return 'Bearer realm="regulars"'


class ShopperAuthentication(BaseAuthentication):
    """`Authorization: Bearer <JWT>` signed by a storefront for one shopper (docs/storefront-api.md)."""

    def authenticate(self, request: Request) -> tuple[Shopper, None] | None:
        """The shopper; null without a token. Somebody we do not know gets what a missing thing gets."""
        scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return None
        claims, storefront = _verified(token.strip())
        customer_id = (
            Identity.objects.filter(
                kind=IdentityKind.USER_ID, value=claims["sub"], customer__erased_at__isnull=True
            )
            .values_list("customer_id", flat=True)
            .first()
        )
        if customer_id is None:
            raise NotFound(_("There is no such thing."))
        return Shopper(customer_id, claims["sub"], storefront.name), None

    def authenticate_header(self, request: Request) -> str:
        """Makes a refusal a 401."""
        return 'Bearer realm="regulars"'


class IsServer(BasePermission):
    """Only the shop's back end, with a key that has the scope of the call."""

    def has_permission(self, request: Request, view: Any) -> bool:
        user: Any = request.user
        if not isinstance(user, ServerCaller):
            return False
        wanted = view.scope_of(str(request.method))
        if not scopes.allows(user.may, wanted):
            raise Refusal(
                "scope_missing",
                _("This key does not have the scope “%(scope)s”.") % {"scope": wanted},
                status=403,
            )
        return True


class IsShopper(BasePermission):
    """Only a shopper, for his own things."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return isinstance(request.user, Shopper)


class Asked(APIView):
    """A view that refuses parameters of the address that it does not know, so that none is ignored unseen.

    ``query``: the names it knows, by method; those of paging are known where a list is paged.
    """

    query: ClassVar[Mapping[str, Collection[str]]] = {}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """After it is known who calls and whether they may."""
        super().initial(request, *args, **kwargs)
        known = self.known_query(str(request.method))
        for name, values in request.query_params.lists():
            if name not in known:
                raise Refusal(
                    "unknown_parameter",
                    _("There is no such parameter. Known here: %(names)s.")
                    % {"names": ", ".join(sorted(known)) or "–"},
                    field=name[:100],
                )
            if len(values) > 1:
                raise Refusal("doubled_parameter", _("A parameter stands twice."), field=name)

    @classmethod
    def known_query(cls, method: str) -> set[str]:
        """The names that the address of a call may bear."""
        method = "GET" if method in SAFE_METHODS else method
        paged = method == "GET" and getattr(cls, "pagination_class", None) is not None
        return {*cls.query.get(method, ()), *(("cursor", "limit") if paged else ())}


class ForServer(Asked):
    """A view for the shop's back end. ``area``: of the scopes; ``acts``: methods that ask for another act or scope."""

    authentication_classes = (ServerKeyAuthentication,)
    permission_classes = (IsServer,)
    throttle_classes = (PerKey,)
    area: ClassVar[str] = ""
    acts: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def scope_of(cls, method: str) -> str:
        """What a call by that method asks for: ``orders:write``."""
        method = "GET" if method in SAFE_METHODS else method
        act = cls.acts.get(method, scopes.READ if method == "GET" else scopes.WRITE)
        return act if ":" in act else f"{cls.area}:{act}"

    @property
    def server(self) -> ServerCaller:
        """Who calls."""
        return cast(ServerCaller, self.request.user)


class ForShopper(Asked):
    """A view below /api/v1/me/: ``self.shopper.customer_id`` is the only customer it may touch."""

    authentication_classes = (ShopperAuthentication,)
    permission_classes = (IsShopper,)

    @property
    def shopper(self) -> Shopper:
        """Who calls."""
        return cast(Shopper, self.request.user)


def _secret(request: Request) -> str | None:
    scheme, _space, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip() or None
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(value).decode().partition(":")[0] or None
    except (binascii.Error, ValueError):
        return None


def _verified(token: str) -> tuple[dict[str, Any], Storefront]:
    """The claims of a token and the storefront that signed it. Raises AuthenticationFailed, always alike."""
    try:
        audience = jwt.decode(token, options={"verify_signature": False}).get("aud")
        storefront = Storefront.objects.filter(name=audience).first() if isinstance(audience, str) else None
        if storefront is None:
            raise jwt.InvalidAudienceError
        claims = jwt.decode(
            token,
            storefront.jwt_secret,
            algorithms=[ALGORITHM],
            audience=storefront.name,
            leeway=LEEWAY,
            options={"require": ["sub", "aud", "iat", "exp"]},
        )
        if claims["exp"] - claims["iat"] > LONGEST_LIFE or "\0" in claims["sub"].encode().decode():
            raise jwt.InvalidTokenError
    except (jwt.InvalidTokenError, ValueError, TypeError):
        raise AuthenticationFailed(_("The token is not valid."), code="bad_token") from None
    return claims, storefront
