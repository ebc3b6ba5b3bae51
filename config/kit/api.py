"""One error shape, one kind of paging and one strict reading of JSON for every JSON surface."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DataError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_handler

from config.kit import strict_json
from config.kit.refusal import Refusal

LARGEST_BODY = 1024 * 1024
"""Bytes of a call to the storefront API."""


class Page(CursorPagination):
    """Cursor paging; a view sets ``ordering``. The page size is limited so that no call reads a table."""

    page_size = 50
    page_size_query_param = "limit"
    page_size_query_description = "Rows of a page, 1 to 500."
    max_page_size = 500
    # None at all: a file brings thousands of rows of one instant; cut off, a list would give the same again and again.
    offset_cutoff = 0

    def get_page_size(self, request: Request) -> int:
        """As asked for. Raises Refusal for a size that no page has: a caller who is given less might not notice."""
        told = request.query_params.get("limit")
        if told is None:
            return self.page_size
        if not (
            told.isascii() and told.isdecimal() and len(told) < 6 and 1 <= int(told) <= self.max_page_size
        ):
            raise Refusal(
                "bad_limit",
                _("limit is a number from 1 to %(n)s.") % {"n": self.max_page_size},
                field="limit",
            )
        return int(told)

    def paginate_queryset(self, queryset: QuerySet[Any], request: Request, view: Any = None) -> Any:
        """The page of the cursor. Raises NotFound for a cursor of ours that was tampered with."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, ValidationError, DataError):
            if self.cursor is None:
                raise
            raise exceptions.NotFound(self.invalid_cursor_message) from None


class StrictJSONParser(BaseParser):
    """JSON without doubled names, NUL, lone surrogates, abysses or numbers that nobody can keep."""

    media_type = "application/json"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The value. Raises Refusal, so that what is wrong is said in the one error shape."""
        raw = stream.read(LARGEST_BODY + 1)
        if len(raw) > LARGEST_BODY:
            raise Refusal("body_too_large", "A body may have 1 MB.", status=413)
        try:
            document = strict_json.parse(raw)
            strict_json.weigh(document.value, clean=document.clean)
        except strict_json.Flaw as flaw:
            raise Refusal(flaw.code, flaw.message) from None
        return document.value


def error(code: str, message: str, *, field: str | None = None) -> dict[str, dict[str, str]]:
    """The body of every refusal: ``{"error": {"code", "message", "field"?}}``."""
    body = {"code": code, "message": message}
    if field is not None:
        body["field"] = field
    return {"error": body}


@csrf_exempt  # Nothing happens here.
def nothing_here(request: HttpRequest) -> JsonResponse:
    """The answer at an address that does not exist, in the one error shape."""
    told = error("not_found", _("There is no such thing."))
    return JsonResponse(told, status=404, headers={"Access-Control-Allow-Origin": "*"})


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Turn refusals and framework errors into the one error shape; None lets the server answer 500."""
    if isinstance(exc, Refusal):
        return Response(error(exc.code, exc.message, field=exc.field), status=exc.status)
    if isinstance(exc, Http404):
        exc = exceptions.NotFound()
    response = drf_handler(exc, context)
    if response is not None and isinstance(exc, exceptions.APIException):
        field, code, message = _first(exc.get_full_details())
        response.data = error(code, message, field=field)
    return response


def _first(details: Any, field: str | None = None) -> tuple[str | None, str, str]:
    """The first error of DRF's nested details as (field path, code, message)."""
    if isinstance(details, list):
        return _first(details[0], field)
    if isinstance(details, dict) and {"message", "code"} <= set(details) and isinstance(details["code"], str):
        return field, details["code"], str(details["message"])
    name, inner = next(iter(details.items()))
    here = field if name == "non_field_errors" else (f"{field}.{name}" if field else str(name))
    return _first(inner, here)
