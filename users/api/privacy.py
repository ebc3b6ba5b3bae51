"""A shopper's own data over the storefront API: a copy of everything, and the erasure in two steps."""

from typing import Any

from django.core import signing
from django.http import FileResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.kit import clock
from config.kit.refusal import NotFound, Refusal
from users.api.auth import ForShopper
from users.api.idempotency import idempotent
from users.models import DataExport
from users.privacy import Erase
from users.reports.held import held_about
from users.services import bundles, erase

SALT = "users.erase"
CONFIRM_WITHIN = 15 * 60
"""Seconds between the look at what goes and the confirmation."""


class CopySerializer(serializers.Serializer[Any]):
    """A copy of everything held: ``waiting``, ``ready`` or ``failed``."""

    id = serializers.UUIDField(source="key")
    state = serializers.SerializerMethodField()
    asked_at = serializers.DateTimeField()
    ready_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField()
    bytes = serializers.IntegerField(source="size", allow_null=True)

    def get_state(self, copy: DataExport) -> str:
        if copy.ready_at:
            return "ready"
        return "failed" if copy.job.state in ("failed", "cancelled") else "waiting"


class EraseSerializer(serializers.Serializer[Any]):
    """Without ``confirm`` nothing is erased: the answer says what would go, and gives the word."""

    confirm = serializers.CharField(required=False, max_length=300)


class TableSerializer(serializers.Serializer[Any]):
    """What is held in one table, and what an erasure does with it."""

    title = serializers.CharField()
    rows = serializers.IntegerField()
    fate = serializers.ChoiceField([fate.value for fate in Erase])


class LookSerializer(serializers.Serializer[Any]):
    """``confirm`` is to be sent back within 15 minutes; ``erasing`` says that it was."""

    erasing = serializers.BooleanField()
    confirm = serializers.CharField(allow_null=True)
    held = TableSerializer(many=True)


class MyCopy(ForShopper):
    """A copy of everything held about the shopper."""

    @extend_schema(operation_id="me_export", responses=CopySerializer)
    def get(self, request: Request) -> Response:
        copy = bundles.latest(self.shopper.customer_id, clock.now())
        if copy is None:
            raise NotFound(_("There is no copy. Ask for one."))
        return Response(CopySerializer(copy).data)

    @extend_schema(operation_id="me_export_ask", request=None, responses={202: CopySerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        who = self.shopper
        copy = bundles.ask(who.customer_id, by=None, actor=who.caller, now=clock.now())
        return Response(CopySerializer(copy).data, status=202)


class MyCopyFile(ForShopper):
    """The file of the shopper's newest copy."""

    @extend_schema(operation_id="me_export_file", responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: Request) -> FileResponse:
        now = clock.now()
        copy = bundles.latest(self.shopper.customer_id, now)
        if copy is None:
            raise NotFound(_("There is no copy. Ask for one."))
        path = bundles.opened(self.shopper.customer_id, copy.key, now)
        return FileResponse(path.open("rb"), as_attachment=True, filename="my-data.zip")


class EraseMe(ForShopper):
    """The erasure of the shopper: a look at what goes, then the confirmation."""

    @extend_schema(operation_id="me_erase", request=EraseSerializer, responses={202: LookSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        asked = EraseSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        who = self.shopper
        confirm = asked.validated_data.get("confirm")
        if confirm is None:
            return Response(look_at(who.customer_id), status=202)
        check(confirm, who.customer_id)
        erase.ask_to_be_erased(who.customer_id, actor=who.caller)
        return Response({"erasing": True, "confirm": None, "held": []}, status=202)


def look_at(customer_id: int) -> dict[str, Any]:
    """What is held about a customer, with the word that confirms that it is to go."""
    word = signing.dumps(customer_id, salt=SALT)
    held = [one for one in held_about(customer_id) if one.rows and one.holding.columns]
    rows = [{"title": str(h.holding.title), "rows": h.rows, "fate": h.holding.erase.value} for h in held]
    return {"erasing": False, "confirm": word, "held": rows}


def check(confirm: str, customer_id: int) -> None:
    """Refuses a word that was not given for this customer in the last minutes."""
    try:
        meant = signing.loads(confirm, salt=SALT, max_age=CONFIRM_WITHIN)
    except signing.BadSignature:
        meant = None
    if meant != customer_id:
        raise Refusal("not_confirmed", _("Look again at what would go, and confirm that."), field="confirm")
