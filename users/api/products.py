"""Products a shopper owns, over the storefront API: the list, and registering a warranty card."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.kit import clock
from users.api.auth import ForShopper
from users.api.idempotency import idempotent
from users.models import OwnedProduct
from users.reports import sales
from users.services import owned


class OwnedSerializer(serializers.Serializer[Any]):
    """A product in the shopper's hands; ``known_by``: ``order`` or ``card``."""

    product_id = serializers.CharField()
    serial = serializers.CharField()
    since = serializers.DateTimeField()
    warranty_end = serializers.DateTimeField(allow_null=True)
    known_by = serializers.ChoiceField(source="source", choices=OwnedProduct.How.choices)
    quantity = serializers.IntegerField()


class OwnedListSerializer(serializers.Serializer[Any]):
    """What the shopper owns, the newest first, at most 100."""

    products = OwnedSerializer(many=True)


class CardSerializer(serializers.Serializer[Any]):
    """A warranty card; how long it covers is for the shop to say."""

    product_id = serializers.CharField(max_length=100)
    serial = serializers.CharField(
        max_length=owned.LONGEST_SERIAL, required=False, allow_blank=True, default=""
    )
    purchased_at = serializers.DateTimeField()


class MyProducts(ForShopper):
    """The shopper's products."""

    @extend_schema(operation_id="me_products", responses=OwnedListSerializer)
    def get(self, request: Request) -> Response:
        return Response(OwnedListSerializer({"products": sales.owned_by(self.shopper.customer_id)}).data)

    @extend_schema(
        operation_id="me_products_register", request=CardSerializer, responses={201: OwnedSerializer}
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Register a warranty card; the same product and serial number again changes the first."""
        asked = CardSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        told = asked.validated_data
        made = owned.register(
            self.shopper.customer_id,
            product_id=told["product_id"],
            serial=told["serial"],
            since=told["purchased_at"],
            now=clock.now(),
            actor=self.shopper.caller,
        )
        return Response(OwnedSerializer(made).data, status=201)
