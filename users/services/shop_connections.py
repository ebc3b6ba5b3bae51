"""Connections to shops that deliver by webhook: made, given a new secret, switched off and on."""

import secrets

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from config.kit import clock
from config.kit.refusal import Conflict, NotFound, Refusal
from users.models import Operator, ShopConnection, ShopKind
from users.orders import SOURCE_SHAPE
from users.services import audit

SHORTEST_SECRET = 8


@transaction.atomic
def connect(
    *,
    kind: ShopKind,
    name: str,
    source: str,
    secret: str,
    client_id: str,
    shares_ids: bool,
    by: Operator | None,
) -> tuple[ShopConnection, str]:
    """Make a connection; the row, and the secret the shop signs with: the one given, else a new one.

    Only WooCommerce takes a secret of ours; Shopify and Youzan give theirs. Raises Refusal.
    """
    if not SOURCE_SHAPE.fullmatch(source):
        raise Refusal(
            "bad_source",
            _("Small letters, digits and dashes, at most 40: “webshop”, “tmall”."),
            field="source",
        )
    if kind is ShopKind.YOUZAN and not client_id:
        raise Refusal("missing", _("Youzan signs with its client id: enter it."), field="client_id")
    secret = _secret(kind, secret)
    try:
        with transaction.atomic():
            connection = ShopConnection.objects.create(
                kind=kind.value,
                name=name,
                source=source,
                token=secrets.token_urlsafe(18),
                client_id=client_id,
                secret=secret,
                shares_ids=shares_ids,
                created_at=clock.now(),
            )
    except IntegrityError:
        raise Conflict(
            "source_taken", _("Another connection brings orders of this source."), field="source"
        ) from None
    audit.record(
        "shop_connection.create",
        by=by,
        target=connection,
        after={"kind": kind.value, "name": name, "source": source},
    )
    return connection, secret


@transaction.atomic
def renew_secret(connection_id: int, *, secret: str, by: Operator | None) -> tuple[ShopConnection, str]:
    """Another secret from now on; what is signed with the old one is refused. Raises Refusal."""
    connection = _get(connection_id)
    connection.secret = _secret(ShopKind(connection.kind), secret)
    connection.save(update_fields=["secret"])
    audit.record("shop_connection.renew_secret", by=by, target=connection)
    return connection, connection.secret


@transaction.atomic
def switch(connection_id: int, *, is_on: bool, by: Operator | None) -> ShopConnection:
    """Take deliveries, or answer as if there were no such address."""
    connection = _get(connection_id)
    if connection.is_on != is_on:
        connection.is_on = is_on
        connection.save(update_fields=["is_on"])
        audit.record("shop_connection.switch", by=by, target=connection, after={"is_on": is_on})
    return connection


def _secret(kind: ShopKind, given: str) -> str:
    given = given.strip()
    if not given and kind is ShopKind.WOOCOMMERCE:
        return secrets.token_urlsafe(32)
    if len(given) < SHORTEST_SECRET:
        raise Refusal(
            "bad_secret",
            _("Copy the secret that the shop shows; it has at least 8 characters."),
            field="secret",
        )
    return given


def _get(connection_id: int) -> ShopConnection:
    found = ShopConnection.objects.select_for_update().filter(pk=connection_id).first()
    if found is None:
        raise NotFound(_("There is no such connection."))
    return found
