"""Importing a file over the API: upload, name the columns (dry run), look, start, undo."""

import hashlib
from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from config.kit import clock
from config.kit.api import Page
from config.kit.refusal import NotFound, Refusal
from users.admin.import_words import explain, problem_of
from users.api.asked import Query
from users.api.idempotency import idempotent
from users.api.jobs import JobSerializer, OfJobs
from users.api.serializers import Strict
from users.models import Fate, Import, ImportRow
from users.services.imports import acts, running
from users.services.imports.kinds import import_kinds

SAMPLE = 5


class FieldSerializer(serializers.Serializer[Any]):
    """What a column of this kind of file can hold."""

    name = serializers.CharField()
    title = serializers.CharField()
    is_required = serializers.BooleanField()


class ImportSerializer(serializers.ModelSerializer[Import]):
    """A file on its way. ``state`` says what is next: `uploaded`: name the columns (`check`); `checked`: look, `start`.

    ``mapping``: position of a column (from 0, as text) → field, guessed after reading. ``counts``: rows by fate.
    ``stopped``: its job was cancelled or failed; it can be carried on (`resume`).
    """

    file = serializers.CharField(source="file_name", read_only=True)
    problem = serializers.SerializerMethodField()
    stopped = serializers.SerializerMethodField()
    job = JobSerializer(read_only=True, allow_null=True)
    uploaded_at = serializers.DateTimeField(source="told_at", read_only=True)
    head = serializers.ListField(child=serializers.CharField(), read_only=True)
    sheets = serializers.ListField(child=serializers.CharField(), read_only=True)
    mapping = serializers.DictField(child=serializers.CharField(), read_only=True)
    counts = serializers.DictField(child=serializers.IntegerField(), read_only=True)
    result = serializers.DictField(child=serializers.JSONField(), read_only=True)

    class Meta:
        model = Import
        fields = (
            *(
                "id",
                "kind",
                "file",
                "state",
                "stopped",
                "problem",
                "encoding",
                "sheet",
                "sheets",
                "head",
                "rows",
            ),
            *("mapping", "match_key", "counts", "result", "job", "uploaded_at", "finished_at"),
        )
        read_only_fields = fields

    def get_problem(self, file: Import) -> str:
        """Why the file cannot be read; empty where it can."""
        return str(problem_of(file) or "")

    def get_stopped(self, file: Import) -> bool:
        return acts.has_stopped(file)


class OneImportSerializer(ImportSerializer):
    """A file with what its columns can hold, and its first rows while they are to be named."""

    fields_known = serializers.SerializerMethodField()
    keys = serializers.SerializerMethodField()
    sample = serializers.SerializerMethodField()

    class Meta(ImportSerializer.Meta):
        fields: Any = (*ImportSerializer.Meta.fields, "fields_known", "keys", "sample")
        read_only_fields = fields

    def get_fields_known(self, file: Import) -> list[dict[str, Any]]:
        return [dict(FieldSerializer(one).data) for one in import_kinds[file.kind].fields]

    def get_keys(self, file: Import) -> list[str]:
        kind = import_kinds[file.kind]
        return list(kind.keys) if kind.needs_customer else []

    def get_sample(self, file: Import) -> list[list[str]]:
        return acts.sample(file, SAMPLE) if file.state == Import.State.UPLOADED else []


class UploadSerializer(serializers.Serializer[Any]):
    """As a form: what the file holds (`customers`, `orders`, `consents`, `tags`, `costs` …), and the file."""

    kind = serializers.CharField(max_length=20)
    file = serializers.FileField()


class CheckSerializer(Strict):
    """What the columns hold. ``mapping``: position (from 0, as text) or name of a column → field.

    A field `attribute:<name>` of customers makes a custom attribute. ``day_order``: how 03/04/2026 is read.
    """

    mapping = serializers.DictField(
        required=False, child=serializers.CharField(max_length=120, allow_blank=True)
    )
    match_key = serializers.CharField(required=False, max_length=12)
    day_order = serializers.ChoiceField(required=False, choices=["dmy", "mdy"])
    defaults = serializers.DictField(required=False, child=serializers.CharField(max_length=200))
    sheet = serializers.CharField(required=False, max_length=100)


class NewestFile(Page):
    """The newest first."""

    ordering = ("-id",)


class OfImports(OfJobs):
    """A view of imports."""

    def file(self, import_id: int) -> Import:
        """The import of the address. Refuses ``not_found``."""
        found = Import.objects.select_related("job__by").filter(pk=import_id).first()
        if found is None:
            raise NotFound(_("There is no such import."))
        return found

    def shown(self, import_id: int, status: int = 200) -> Response:
        """The import as the answer."""
        return Response(OneImportSerializer(self.file(import_id)).data, status=status)


class Upload(MultiPartParser):
    """Files go to the disk as they come; nothing of them is held."""


@extend_schema_view(get=extend_schema(operation_id="imports"))
class Imports(OfImports, ListAPIView[Import]):
    """Files that were imported or are on their way; POST uploads one."""

    serializer_class = ImportSerializer
    pagination_class = NewestFile
    queryset = Import.objects.select_related("job__by")
    parser_classes = (Upload,)

    @extend_schema(
        operation_id="import_upload",
        request={"multipart/form-data": UploadSerializer},
        responses={202: OneImportSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Upload a file (CSV or Excel); it is read within seconds. Nothing is written before `start`."""
        asked = UploadSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        told = asked.validated_data
        made = acts.upload(
            told["kind"],
            told["file"].file,
            name=told["file"].name,
            size=told["file"].size,
            by=None,
            actor=self.server.caller,
            now=clock.now(),
        )
        return self.shown(made.pk, 202)

    @staticmethod
    def told_by(request: Request) -> bytes:
        """What stands for the body: the form without the mark between its parts, which clients draw anew."""
        digest = hashlib.sha256()
        for name, value in sorted(request.data.items()):
            parts = value.chunks() if hasattr(value, "chunks") else [str(value).encode()]
            digest.update(f"{name}\0{getattr(value, 'name', '')}\0".encode())
            for part in parts:
                digest.update(part)
        for file in request.FILES.values():
            file.seek(0)
        return digest.digest()


class OneImport(OfImports):
    """One import."""

    @extend_schema(operation_id="import", responses=OneImportSerializer)
    def get(self, request: Request, import_id: int) -> Response:
        return self.shown(import_id)

    @extend_schema(operation_id="import_discard", request=None, responses={204: None})
    @idempotent
    def delete(self, request: Request, import_id: int) -> Response:
        """Remove a file that wrote nothing. 400 `wrong_state` where rows were written: undo them."""
        acts.discard(self.file(import_id), by=None, actor=self.server.caller)
        return Response(status=204)


class CheckImport(OfImports):
    """The dry run."""

    @extend_schema(
        operation_id="import_check",
        request=CheckSerializer,
        responses={202: OneImportSerializer},
        examples=[
            OpenApiExample(
                "Columns by their names",
                request_only=True,
                value={"mapping": {"Customer": "user_id", "E-mail": "email"}, "match_key": "user_id"},
            )
        ],
    )
    @idempotent
    def post(self, request: Request, import_id: int) -> Response:
        """Say what the columns hold, and judge every row; nothing is written. Without a mapping: as it was guessed.

        `sheet` alone reads another sheet of the workbook instead.
        """
        asked = CheckSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        told, file, actor = asked.validated_data, self.file(import_id), self.server.caller
        if "sheet" in told:
            if len(told) > 1:
                raise Refusal("one_of", _("Choose the sheet first, then name its columns."), field="sheet")
            acts.choose_sheet(file, told["sheet"], by=None, actor=actor)
            return self.shown(import_id, 202)
        acts.check(
            file,
            mapping=_positions(file, told["mapping"]) if "mapping" in told else file.mapping,
            match_key=told.get("match_key", file.match_key),
            options={"day_order": told.get("day_order", ""), "defaults": told.get("defaults", {})},
            by=None,
            actor=actor,
        )
        return self.shown(import_id, 202)


def _positions(file: Import, mapping: Mapping[str, str]) -> dict[str, str]:
    """The mapping by positions, as imports keep it; a name of a column stands for its position."""
    places = {name: str(position) for position, name in enumerate(file.head)}
    return {places.get(column, column): name for column, name in mapping.items() if name}


class ActOnImport(OfImports):
    """A step of an import."""

    act: ClassVar[Any]

    @idempotent
    def post(self, request: Request, import_id: int) -> Response:
        self.act(self.file(import_id), by=None, actor=self.server.caller)
        return self.shown(import_id, 202)


def _step(name: str, about: str) -> Any:
    return extend_schema_view(
        post=extend_schema(
            operation_id=f"import_{name}",
            description=about,
            request=None,
            responses={202: OneImportSerializer},
        )
    )


@_step("start", "Write what the dry run showed. It is history: it starts no message and no reward.")
class StartImport(ActOnImport):
    """Writing."""

    act = staticmethod(acts.start)


@_step("undo", "Take back what it wrote; what has been touched since stays (`result.left`).")
class UndoImport(ActOnImport):
    """Taking back."""

    act = staticmethod(acts.undo)


@_step("resume", "Carry on a step that was cancelled or failed, from where it stopped.")
class ResumeImport(ActOnImport):
    """Carrying on."""

    act = staticmethod(acts.resume)


class RowSerializer(serializers.ModelSerializer[ImportRow]):
    """A row: its cells, its fate and why. ``state``: `written`, `undone`, `left` (as it is, when undone)."""

    reason = serializers.SerializerMethodField()
    cells = serializers.SerializerMethodField()
    customer = serializers.IntegerField(source="customer_id", read_only=True, allow_null=True)

    class Meta:
        model = ImportRow
        fields = ("no", "fate", "code", "field", "reason", "state", "left", "customer", "cells")
        read_only_fields = fields

    def get_reason(self, row: ImportRow) -> str:
        return explain(import_kinds[row.file.kind], row.code, row.field, row.detail) if row.code else ""

    def get_cells(self, row: ImportRow) -> list[str]:
        return running.cells_of(row)


class RowsQuery(Query):
    """Which rows."""

    fate = serializers.ChoiceField(required=False, choices=Fate.choices)


class InOrder(Page):
    """In the order of the file."""

    ordering = ("no",)


class Rows(OfImports, ListAPIView[ImportRow]):
    """The rows of an import with their fates."""

    serializer_class = RowSerializer
    pagination_class = InOrder
    queryset = ImportRow.objects.none()
    query: ClassVar[Mapping[str, Collection[str]]] = {"GET": RowsQuery.names()}

    def get_queryset(self) -> QuerySet[ImportRow]:
        file = self.file(self.kwargs["import_id"])
        return ImportRow.objects.select_related("file").filter(file=file, **RowsQuery.of(self.request))

    @extend_schema(operation_id="import_rows", parameters=[RowsQuery])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """In the order of the file; `?fate=refused`: those that were not taken, with the reasons."""
        return super().get(request, *args, **kwargs)
