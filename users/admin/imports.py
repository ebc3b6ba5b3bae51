"""The wizard of an import: the file, its columns, every row's fate, the result."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit import clock, words
from config.kit.admin import FormPage, OperatorPage, may_open
from config.kit.paging import page
from config.kit.parts import Action, Cell, Choice, Column, Crumb, Empty, Fact, Filter, Progress, Stat, Table
from config.kit.refusal import Refusal
from config.kit.sheets import csv_response
from users.admin.import_words import FATE_TONES, explain, problem_of, reason, sheet_problem_of, state_of
from users.admin.transfers import LIST, WHO_ACTS, WHO_SEES, TransferList
from users.models import Fate, Import, ImportRow
from users.services import long_jobs
from users.services.imports import acts, consents, running
from users.services.imports.kinds import ImportKind, import_kinds
from users.services.stages import rule_in_force
from users.shop import currency

WITH_MONEY = ("orders", "costs")


class UploadForm(forms.Form):
    """What and which file."""

    kind = forms.ChoiceField(label=gettext_lazy("The file holds"), widget=forms.RadioSelect)
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(
            "CSV or Excel (.xlsx), the first row naming the columns. Chinese in any usual encoding."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [(kind.name, words.named(kind.title, kind.about)) for kind in import_kinds]
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]  # a ChoiceField


class NewImport(FormPage):
    """The first step: a file."""

    title = gettext_lazy("Import")
    purpose = gettext_lazy(
        "Step 1 of 3: choose the file. Nothing is written before you have seen every row's fate."
    )
    form_class = UploadForm
    submit = gettext_lazy("Upload")
    done = gettext_lazy("The file has arrived and is being read.")
    roles_that_see = roles_that_act = WHO_ACTS

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the list."""
        return [Crumb(TransferList.title, reverse(LIST))]

    def get_initial(self) -> dict[str, Any]:
        """What the page that led here is about."""
        return {"kind": self.request.GET.get("kind", "customers")}

    def act(self, form: Any) -> str:
        """Take it in."""
        upload = form.cleaned_data["file"]
        made = acts.upload(
            form.cleaned_data["kind"],
            upload.file,
            name=upload.name,
            size=upload.size,
            by=self.operator,
            now=self.now,
        )
        return reverse("users:import", args=[made.pk])


class ImportStep(OperatorPage):
    """A page of one import."""

    roles_that_see = WHO_SEES
    roles_that_act = WHO_ACTS

    @cached_property
    def file(self) -> Import:
        """The import of the address."""
        found = Import.objects.select_related("by", "job").filter(pk=self.kwargs["import_id"]).first()
        if found is None:
            raise Http404
        return found

    @property
    def kind(self) -> ImportKind:
        """What it holds."""
        return import_kinds[self.file.kind]

    def get_title(self) -> StrOrPromise:
        """The file's name."""
        return self.file.file_name

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the list."""
        return [Crumb(TransferList.title, reverse(LIST))]


def _read_as(file: Import) -> str:
    """How the file was read; of a workbook, which sheet of how many."""
    encoding = "UTF-8" if file.encoding == "utf-8-sig" else file.encoding.upper()
    if not file.sheet:
        return encoding
    return _("%(encoding)s, sheet “%(sheet)s” (%(n)s in all)") % {
        "encoding": encoding, "sheet": file.sheet, "n": words.number(len(file.sheets)),
    }  # fmt: skip


class ColumnsPage(ImportStep):
    """The second step: what the columns hold."""

    template_name = "users/import_columns.html"

    def get_purpose(self) -> StrOrPromise:
        """Where in the wizard this is."""
        return _("Step 2 of 3: say what each column holds, and by which one customers are recognised.")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Each column with its first cells and a choice."""
        asked = self.request.POST or None
        sample = acts.sample(self.file, 5)
        return super().get_context_data(**kwargs) | {
            "file": self.file,
            "kind": self.kind,
            "read_as": _read_as(self.file),
            "counts_in": currency.get() if self.file.kind in WITH_MONEY else "",
            "columns": [
                self._column(position, name, sample, asked) for position, name in enumerate(self.file.head)
            ],
            "fields": [(one.name, one.title, one.is_required) for one in self.kind.fields],
            "keys": [(key, title) for key, title in self.kind.keys.items()]
            if self.kind.needs_customer
            else [],
            "match_key": asked.get("match_key", "") if asked else self.file.match_key,
            "day_order": asked.get("day_order", "") if asked else self.file.options.get("day_order", ""),
            "defaults": self._defaults(asked),
            "problem": kwargs.get("problem") or sheet_problem_of(self.file),
        }

    def _column(self, position: int, name: str, sample: list[list[str]], asked: Any) -> dict[str, Any]:
        cells = [record[position][:40] for record in sample if position < len(record) and record[position]]
        chosen = asked.get(f"column{position}", "") if asked else self.file.mapping.get(str(position), "")
        own = f"attribute:{name}" if self.file.kind == "customers" else ""
        return {"position": position, "name": name, "cells": cells[:3], "chosen": chosen, "own": own}

    def _defaults(self, asked: Any) -> list[dict[str, Any]]:
        known = self.file.options.get("defaults", {})
        return [
            {
                "name": name,
                "title": acts.title_of(self.kind, name),
                "value": asked.get(f"default_{name}", "") if asked else known.get(name, ""),
            }
            for name in self.kind.extra_options
        ]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The form; who goes back to it after the dry run began is led on."""
        if self.file.state != Import.State.UPLOADED:
            return HttpResponseRedirect(reverse("users:import", args=[self.file.pk]))
        return self.render_to_response(self.get_context_data(**kwargs))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Read another sheet or start the dry run, or say beside the form why not."""
        if sheet := request.POST.get("sheet", ""):
            acts.choose_sheet(self.file, sheet, by=self.operator)
            return HttpResponseRedirect(reverse("users:import", args=[self.file.pk]))
        mapping = {
            str(position): chosen
            for position in range(len(self.file.head))
            if (chosen := request.POST.get(f"column{position}", "").replace("\0", ""))
        }
        defaults = {
            name: request.POST.get(f"default_{name}", "").replace("\0", "").strip()[:200]
            for name in self.kind.extra_options
        }
        options = {"day_order": self._day_order(), "defaults": defaults}
        match_key = request.POST.get("match_key", "")
        try:
            acts.check(self.file, mapping=mapping, match_key=match_key, options=options, by=self.operator)
        except Refusal as refusal:
            if self.file.state != Import.State.UPLOADED:
                raise
            return self.render_to_response(self.get_context_data(problem=refusal.message))
        return HttpResponseRedirect(reverse("users:import", args=[self.file.pk]))

    def _day_order(self) -> str:
        order = self.request.POST.get("day_order", "")
        return order if order in ("dmy", "mdy") else ""


class ImportPage(ImportStep):
    """The third step and the result: how far, every row's fate, what may be done next."""

    template_name = "users/import.html"
    partials = {"import": "users/import_part.html"}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """How it stands; a file that has been read goes on to its columns."""
        if self.file.state == Import.State.UPLOADED and not self.is_part:
            return HttpResponseRedirect(reverse("users:import_columns", args=[self.file.pk]))
        return super().get(request, *args, **kwargs)

    def get_purpose(self) -> StrOrPromise:
        """What this is now."""
        if self.file.state == Import.State.RECEIVED:
            return _("Step 1 of 3: the file is being read; then you say what its columns hold.")
        if self.file.state == Import.State.CHECKED:
            return _("Step 3 of 3: this is what would happen. Nothing has been written yet.")
        return _("What became of every row.")

    def get_file(self) -> HttpResponseBase | None:
        """The rows that were not taken, with their reasons."""
        if "rejected" not in self.request.GET:
            return None
        rows = (
            (no, explain(self.kind, code, field, detail), *cells)
            for no, code, field, detail, cells in running.rejected(self.file)
        )
        return csv_response(f"rejected-{self.file.pk}", (_("Row"), _("Reason"), *self.file.head), rows)

    def get_actions(self) -> Sequence[Action]:
        """What can be done in this state."""
        here = reverse("users:import", args=[self.file.pk])
        file, stopped = self.file, acts.has_stopped(self.file)
        actions: list[Action] = []
        if file.counts.get(Fate.REFUSED) or file.counts.get(Fate.DUPLICATE):
            actions.append(Action(_("Rejected rows"), f"{here}?rejected=1", icon="download"))
        if not self.may_act:
            return actions
        waits = file.state in (Import.State.RECEIVED, Import.State.CHECKING)
        if file.state in (Import.State.CHECKED, Import.State.UNREADABLE) or (stopped and waits):
            actions.append(
                self._post(
                    "discard", _("Discard"), _("Discard this file? Nothing has been written."), danger=True
                )
            )
        if file.state == Import.State.UNREADABLE:
            again = f"{reverse('users:import_create')}?kind={file.kind}"
            actions.append(Action(_("Choose another file"), again, icon="upload"))
        if stopped:
            actions.append(self._post("resume", _("Carry on"), ""))
        if not file.result.get("removed") and (
            file.state == Import.State.DONE or (stopped and file.state == Import.State.RUNNING)
        ):
            sentence = _("Take back what this import wrote? What has been touched since stays and is listed.")
            actions.append(self._post("undo", _("Undo"), sentence, danger=True))
        if file.state == Import.State.CHECKED:
            count = file.counts.get(Fate.NEW, 0) + file.counts.get(Fate.CHANGES, 0)
            sentence = _(
                "Write %(n)s rows? History moves stages and figures but starts no message and no reward."
            )
            actions.append(self._post("start", _("Start the import"), sentence % {"n": words.number(count)}))
        return actions

    def render_to_response(self, context: dict[str, Any], **response_kwargs: Any) -> HttpResponse:
        """When the work has ended, the part asks for the whole page: its actions are others now."""
        response = super().render_to_response(context, **response_kwargs)
        if self.is_part and not context["is_working"]:
            response["HX-Refresh"] = "true"
        return response

    def _post(self, value: str, title: str, confirm: str, *, danger: bool = False) -> Action:
        here = reverse("users:import", args=[self.file.pk])
        return Action(title, here, method="post", confirm=confirm, danger=danger, name="act", value=value)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Start, undo, carry on, cancel or discard."""
        wanted = request.POST.get("act", "")
        if wanted == "discard":
            acts.discard(self.file, by=self.operator)
            self.say(_("Discarded."))
            return HttpResponseRedirect(reverse(LIST))
        if wanted == "cancel" and self.file.job is not None:
            long_jobs.cancel(self.file.job.pk, by=self.operator)
            self.say(_("It stops at the next step."))
        elif wanted in ("start", "undo", "resume"):
            {"start": acts.start, "undo": acts.undo, "resume": acts.resume}[wanted](
                self.file, by=self.operator
            )
            self.say(_("Under way."))
        return HttpResponseRedirect(request.path)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Progress while it works, else the rows."""
        chosen = self.request.GET.get("fate", "")
        is_working = self.file.job is not None and self.file.job.state in long_jobs.OPEN
        is_judged = not is_working and self.file.state not in (Import.State.RECEIVED, Import.State.UNREADABLE)
        state, tone = state_of(self.file)
        return super().get_context_data(**kwargs) | {
            "file": self.file,
            "is_working": is_working,
            "progress": self._progress() if is_working else None,
            "facts": [
                Fact(_("State"), Cell(state, tone=tone, kind="tag")),
                Fact(_("Holds"), Cell(self.kind.title)),
                Fact(_("Uploaded"), Cell(self.file.told_at, kind="time")),
                Fact(_("By"), Cell(str(self.file.by or ""))),
                Fact(_("Read as"), Cell(_read_as(self.file))),
                Fact(_("Recognised by"), Cell(self.kind.keys.get(self.file.match_key, "–"))),
            ],
            "failure": self.file.job.error if self.file.job and self.file.job.state == "failed" else "",
            "problem": problem_of(self.file),
            "stats": self._stats() if is_judged else [],
            "reaches": self._reaches(),
            "counts_in": currency.get()
            if self.file.state == Import.State.CHECKED and self.file.kind in WITH_MONEY
            else "",
            "to_accept": self.file.state == Import.State.DONE
            and rule_in_force().proposed
            and may_open(self.operator, reverse("users:lifecycle")),
            "left": self.file.result.get("left"),
            "filters": [
                Filter("fate", _("Fate"), [Choice(fate.value, fate.label) for fate in Fate], chosen),
                Filter(
                    "left",
                    _("After undoing"),
                    [Choice("1", _("Left as it is"))],
                    self.request.GET.get("left", ""),
                ),
            ],
            "table": self._table(chosen) if is_judged else None,
        }

    def _progress(self) -> Progress:
        job = self.file.job
        assert job is not None
        cancel = self._post(
            "cancel", _("Cancel"), _("Stop here? What is done stays done and can be undone."), danger=True
        )
        step = _("Stopping …") if job.cancel_asked else job.step_in_words
        return Progress(
            job.in_words, job.done, job.total, job.started_at, clock.lease_now(), step,
            cancel if self.may_act and not job.cancel_asked else None,
        )  # fmt: skip

    def _stats(self) -> list[Stat]:
        here = reverse("users:import", args=[self.file.pk])
        return [
            Stat(fate.label, self.file.counts.get(fate, 0), url=f"{here}?fate={fate.value}") for fate in Fate
        ]

    def _reaches(self) -> Table | None:
        if self.file.kind != "consents" or self.file.state != Import.State.CHECKED:
            return None
        return Table(
            columns=[
                Column(_("Channel")), Column(_("Topic")), Column(_("May be written to now"), "number"),
                Column(_("Afterwards"), "number"),
            ],
            rows=[[one.channel, one.topic, one.now, one.after] for one in consents.reach(self.file)],
            empty=Empty(_("This file changes nobody's answer")),
            caption=_("Who may be written to"),
        )  # fmt: skip

    def _table(self, chosen: str) -> Table:
        rows = ImportRow.objects.filter(file=self.file).select_related("customer")
        if chosen in Fate.values:
            rows = rows.filter(fate=chosen)
        if self.request.GET.get("left"):
            rows = rows.exclude(left="")
        found = page(rows, ("no",), self.request.GET.get("cursor", ""))
        return Table(
            columns=[
                Column(_("Row"), "number"), Column(_("Fate"), "tag"), Column(_("Why, or what it does")),
                Column(_("Customer")), Column(_("Cells")),
            ],
            rows=[self._row(row) for row in found.rows],
            empty=Empty(_("No such row"), _("Take the filter away to see all rows.")),
            caption=_("Rows"),
            next=found.next,
            previous=found.previous,
        )  # fmt: skip

    def _row(self, row: ImportRow) -> list[Any]:
        cells = " · ".join(cell for cell in running.cells_of(row) if cell)
        known = row.customer
        return [
            row.no,
            Cell(row.get_fate_display(), tone=FATE_TONES.get(row.fate, "muted")),
            reason(self.kind, row),
            Cell(known, url=reverse("users:customer", args=[known.pk]), kind="person") if known else row.key,
            Cell(cells[:90], hint=cells[:500]),
        ]
