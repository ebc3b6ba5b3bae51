"""Long work for the shop's back end: every job with its progress, and how to stop one."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from config.kit import clock
from config.kit.api import Page
from config.kit.refusal import NotFound
from users.api.asked import InstantField, Query
from users.api.auth import ForServer
from users.api.idempotency import idempotent
from users.models import LongJob
from users.services import long_jobs
from users.services.bundles import EXPORT as COPY
from users.services.exports.acts import EXPORT


class OfJobs(ForServer):
    """A view of jobs, imports and exports."""

    area = "jobs"


class JobSerializer(serializers.ModelSerializer[LongJob]):
    """A job. ``rate``: done in a second, while it runs; ``total`` null: not known yet.

    ``about``: the address of what it works on (an import, an export, a customer's copy), where there is one; its
    ``result`` is small and of the kind. ``by``: an operator's name, or the key that asked (`key:7`).
    """

    title = serializers.CharField(source="in_words", read_only=True)
    step = serializers.CharField(source="step_in_words", read_only=True)
    rate = serializers.SerializerMethodField()
    by = serializers.SerializerMethodField()
    about = serializers.SerializerMethodField()
    result = serializers.JSONField(read_only=True, allow_null=True)
    error = serializers.SerializerMethodField()
    cancelling = serializers.BooleanField(source="cancel_asked", read_only=True)
    asked_at = serializers.DateTimeField(source="created_at", read_only=True)

    class Meta:
        model = LongJob
        fields = (
            *("id", "kind", "title", "state", "done", "total", "rate", "step", "cancelling", "by", "about"),
            *("result", "error", "asked_at", "started_at", "finished_at"),
        )
        read_only_fields = fields

    def get_rate(self, job: LongJob) -> float | None:
        if job.state != LongJob.State.RUNNING or job.started_at is None or not job.done:
            return None
        seconds = (_now() - job.started_at).total_seconds()
        return round(job.done / seconds, 1) if seconds > 0 else None

    def get_by(self, job: LongJob) -> str | None:
        return str(job.by) if job.by else job.parameters.get("actor")

    def get_error(self, job: LongJob) -> str:
        """What kind of trouble ended it; operators see the rest."""
        return job.error.partition(":")[0] if job.state == LongJob.State.FAILED else ""

    def get_about(self, job: LongJob) -> str | None:
        told = job.parameters
        if "import" in told:
            return reverse("users_api:import", args=[told["import"]])
        if job.kind == EXPORT:
            return reverse("users_api:export", args=[told["export"]])
        if job.kind == COPY:
            return reverse("users_api:customer_copy", args=[told["customer"]])
        return None


def _now() -> datetime:
    return clock.lease_now()


class JobsQuery(Query):
    """Which jobs."""

    state = serializers.ChoiceField(required=False, choices=LongJob.State.choices)
    kind = serializers.CharField(required=False, max_length=40)
    asked_since = InstantField(required=False)


class Newest(Page):
    """What was asked last first."""

    ordering = ("-id",)


class Jobs(OfJobs, ListAPIView[LongJob]):
    """Every long job: imports, exports, copies, erasures, rebuilds, taggings and what apps above run."""

    serializer_class = JobSerializer
    pagination_class = Newest
    queryset = LongJob.objects.none()
    query: ClassVar[Mapping[str, Collection[str]]] = {"GET": JobsQuery.names()}

    def get_queryset(self) -> QuerySet[LongJob]:
        asked = JobsQuery.of(self.request)
        names = {"state": "state", "kind": "kind", "asked_since": "created_at__gte"}
        found = LongJob.objects.select_related("by")
        return found.filter(**{names[name]: value for name, value in asked.items()})

    @extend_schema(operation_id="jobs", parameters=[JobsQuery])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """What was asked last first."""
        return super().get(request, *args, **kwargs)


class OneJob(OfJobs):
    """One job."""

    @extend_schema(operation_id="job", responses=JobSerializer)
    def get(self, request: Request, job_id: int) -> Response:
        return Response(JobSerializer(job_of(job_id)).data)


class CancelJob(OfJobs):
    """Stopping."""

    @extend_schema(operation_id="job_cancel", request=None, responses={202: JobSerializer})
    @idempotent
    def post(self, request: Request, job_id: int) -> Response:
        """Stop at the next step; what is done stays done. One that has ended stays as it ended."""
        long_jobs.cancel(job_of(job_id).pk, by=None, actor=self.server.caller)
        return Response(JobSerializer(job_of(job_id)).data, status=202)


def job_of(job_id: int) -> LongJob:
    """The job of that number. Refuses ``not_found``."""
    found = LongJob.objects.select_related("by").filter(pk=job_id).first()
    if found is None:
        raise NotFound(_("There is no such job."))
    return found
