"""Files that go out: asked for, made by a job, fetched by the key that asked, gone after a day."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import FileResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from config.kit import clock
from config.kit.api import Page
from config.kit.refusal import Conflict, NotFound
from users.api.idempotency import idempotent
from users.api.jobs import JobSerializer, OfJobs
from users.api.serializers import Strict
from users.groups import group_spec
from users.models import Export
from users.services.exports import acts as making
from users.services.exports import files
from users.services.exports.kinds import export_kinds


class ExportSerializer(serializers.ModelSerializer[Export]):
    """A file that goes out. ``ready_at`` null: still being made; its ``file`` is there until ``expires_at``."""

    title = serializers.CharField(source="in_words", read_only=True)
    job = JobSerializer(read_only=True, allow_null=True)
    asked_at = serializers.DateTimeField(source="created_at", read_only=True)
    bytes = serializers.IntegerField(source="size", read_only=True)

    class Meta:
        model = Export
        fields = ("id", "kind", "title", "form", "rows", "bytes", "job", "asked_at", "ready_at", "expires_at")
        read_only_fields = fields


class NewExportSerializer(Strict):
    """What to export: everybody, or a ``group`` of the reports as links name it (`segment?segment=7`).

    Without ``columns``: the usual ones of the kind.
    """

    kind = serializers.CharField(max_length=20)
    form = serializers.ChoiceField(choices=list(files.FORMS), default="csv", required=False)
    columns = serializers.ListField(
        child=serializers.CharField(max_length=60), required=False, max_length=100
    )
    group = serializers.CharField(max_length=2_000, required=False, default="", allow_blank=True)


class NewestExport(Page):
    """The newest first."""

    ordering = ("-id",)


class OfExports(OfJobs):
    """A view of exports: those that the calling key asked for."""

    acts: ClassVar[Mapping[str, str]] = {"GET": "customers:export", "POST": "customers:export"}

    def export(self, export_id: int) -> Export:
        """The export of the address. Refuses ``not_found``, also for somebody else's."""
        found = Export.objects.select_related("job__by").filter(pk=export_id).first()
        if found is None or not making.may_fetch(found, None, self.server.caller):
            raise NotFound(_("There is no such export."))
        return found


@extend_schema_view(get=extend_schema(operation_id="exports"))
class Exports(OfExports, ListAPIView[Export]):
    """What this key asked for; POST asks for a file."""

    serializer_class = ExportSerializer
    pagination_class = NewestExport
    queryset = Export.objects.none()

    def get_queryset(self) -> Any:
        return Export.objects.select_related("job__by").filter(options__actor=self.server.caller)

    @extend_schema(
        operation_id="export_ask",
        request=NewExportSerializer,
        responses={202: ExportSerializer},
        examples=[
            OpenApiExample(
                "The members of a segment",
                request_only=True,
                value={"kind": "customers", "form": "csv", "group": group_spec("segment", segment=7)},
            )
        ],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Ask for a file; cells that could be formulas are made harmless."""
        asked = NewExportSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        told = dict(asked.validated_data)
        kind = export_kinds.get(told["kind"])
        usual = [one.name for one in kind.columns if one.is_usual] if kind else []
        made = making.ask(
            told["kind"],
            columns=told.get("columns", usual),
            form=told["form"],
            group=told["group"],
            by=None,
            actor=self.server.caller,
            now=clock.now(),
        )
        return Response(ExportSerializer(self.export(made.pk)).data, status=202)


class OneExport(OfExports):
    """One export."""

    @extend_schema(operation_id="export", responses=ExportSerializer)
    def get(self, request: Request, export_id: int) -> Response:
        return Response(ExportSerializer(self.export(export_id)).data)


class ExportFile(OfExports):
    """The file."""

    @extend_schema(
        operation_id="export_file",
        responses={(200, "text/csv"): OpenApiTypes.BINARY, (200, files.FORMS["xlsx"]): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, export_id: int) -> FileResponse:
        """409 `not_ready` while it is being made, 404 when its day is over. Each fetch is on record."""
        found = self.export(export_id)
        if found.ready_at is None:
            raise Conflict("not_ready", _("The file is still being made."))
        path = making.fetch(found, by=None, actor=self.server.caller, now=clock.now())
        return FileResponse(
            path.open("rb"),
            as_attachment=True,
            filename=f"{found.kind}-{found.pk}.{found.form}",
            content_type=files.FORMS[found.form],
        )
