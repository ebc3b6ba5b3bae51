"""Reports whose answer may take long: the page asks for a second, then has it computed and shows how far that is."""

from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from config.kit import clock
from config.kit.parts import Progress
from config.kit.refusal import Refusal
from users.admin.cohort_pages import CohortPage
from users.models import LongJob
from users.reports import patience, stored
from users.services import asked_answers

AT_ONCE = 1
"""Seconds in which a page answers what it can have computed otherwise."""
WAITING = "waiting"


class AwaitedAnswer(CohortPage):
    """For a page whose ``found`` raises Refusal when the answer takes too long."""

    report: ClassVar[str] = ""
    found: Any

    def question(self) -> stored.Question | None:
        """The question of the address, where its answer may be computed in parts and kept."""
        raise NotImplementedError

    def patience(self, *, keeps: bool) -> int:
        """Seconds that the page asks for: few where the answer can come later."""
        return AT_ONCE if keeps else patience.SECONDS

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page; to the one that waits how far its answer is, and to load itself anew when that is there."""
        question = self.question() if self._is_waiting else None
        if question is None:
            return super().get(request, *args, **kwargs)
        job = asked_answers.under_way(question)
        return self._wait(job) if job else HttpResponse(headers={"HX-Refresh": "true"})

    def refused(self, refusal: Refusal) -> HttpResponseBase:
        """Has an answer that takes too long computed."""
        if refusal.code != "too_slow" or self.question() is None:
            return super().refused(refusal)
        try:
            return self._wait(asked_answers.ask(self.report, self.asked, self.now, by=self.operator))
        except Refusal as final:
            return self.explain(final.message, status=503)

    @property
    def _is_waiting(self) -> bool:
        return self.is_part and self.request.headers.get("HX-Target") == WAITING

    def _wait(self, job: LongJob) -> TemplateResponse:
        title = _("Computing the answer")
        progress = Progress(title, job.done, job.total, job.started_at, clock.lease_now())
        template = "users/awaited_part.html" if self._is_waiting else "users/awaited.html"
        frame = self._surroundings() | {
            "title": self.get_title(),
            "purpose": self.get_purpose(),
            "crumbs": self.get_crumbs(),
            "actions": (),
            "as_of": None,
        }
        return TemplateResponse(self.request, template, frame | {"progress": progress, "place": WAITING})
