"""The frame of every operator page: log-in, roles, title and purpose, breadcrumbs, refusals, partial refresh.

A page is a plain class-based view deriving from ``OperatorPage`` (or ``FormPage``); its template extends
``operator/page.html``. ``docs/design.md`` shows how one is composed.
"""

import hashlib
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.views import redirect_to_login
from django.db import OperationalError
from django.forms import BaseForm, BoundField, Form
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.template.response import TemplateResponse
from django.urls import Resolver404, resolve
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.views.generic import FormView, TemplateView
from django_stubs_ext import StrOrPromise

from config.kit import clock, words
from config.kit.parts import Action, Crumb
from config.kit.refusal import Refusal
from config.kit.registry import Registry

OWNER = "owner"  # the role that may do everything
CUT_OFF = "57014"  # what PostgreSQL says of a statement that ran into the time limit
_SAFE = ("GET", "HEAD", "OPTIONS")

# What every page's template may use beside its own values; apps add theirs (the shop's currency).
page_values: Registry[Callable[[], Any]] = Registry("page value")
# What is in force while a page is made; apps add theirs (settings are read once).
page_scopes: Registry[Callable[[], AbstractContextManager[None]]] = Registry("page scope")


def has_role(user: Any, roles: Collection[str] | None) -> bool:
    """Whether an operator has one of the roles; None means every operator."""
    if not (user.is_authenticated and user.is_active and user.is_staff):
        return False
    return roles is None or user.role == OWNER or user.role in roles


def _drawn(response: HttpResponseBase) -> HttpResponseBase:
    """The response, its template drawn: while the zone is in force."""
    return response.render() if isinstance(response, TemplateResponse) else response


def may_open(user: Any, url: str) -> bool:
    """Whether an operator may see the page at ``url``; the one rule for links, menu and search."""
    try:
        page = getattr(resolve(url.partition("?")[0]).func, "view_class", None)
    except Resolver404:
        return False
    return has_role(user, getattr(page, "roles_that_see", None))


class OperatorPage(TemplateView):
    """A page for operators.

    ``roles_that_see`` None: every operator. Anything but GET needs ``roles_that_act``; the owner always may.
    ``partials`` maps the id of an element to the template that refreshes it alone when htmx asks for it.
    A ``Refusal`` raised anywhere is shown: on GET as a page, on POST as a message back on the same page.
    """

    title: ClassVar[StrOrPromise] = ""
    purpose: ClassVar[StrOrPromise] = ""
    template_name = "operator/page.html"
    roles_that_see: ClassVar[Collection[str] | None] = None
    roles_that_act: ClassVar[Collection[str]] = ()
    partials: ClassVar[dict[str, str]] = {}

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Ask who it is, then answer in the shop's zone."""
        if not has_role(request.user, None):
            return redirect_to_login(request.get_full_path())
        with ExitStack() as scopes:
            scopes.enter_context(timezone.override(words.shop_zone()))
            for scope in page_scopes:
                scopes.enter_context(scope())
            try:
                response = _drawn(self._answer(request, *args, **kwargs))
            except OperationalError as problem:
                if getattr(problem.__cause__, "pgcode", "") != CUT_OFF:
                    raise
                response = _drawn(
                    self.explain(
                        _(
                            "This takes too long to look up now. Choose a shorter period or fewer filters,"
                            " or try again in a minute."
                        ),
                        status=503,
                    )
                )
        return response

    @cached_property
    def now(self) -> datetime:
        """Business time, read once per page."""
        return clock.now()

    @property
    def may_act(self) -> bool:
        """Whether this operator may change things here; templates show no buttons otherwise."""
        return has_role(self.request.user, self.roles_that_act)

    @property
    def operator(self) -> Any:
        """Who asks; for ``by=`` of services."""
        return self.request.user

    # -- what a page may say about itself ------------------------------------------------------------
    def get_title(self) -> StrOrPromise:
        """A noun."""
        return self.title

    def get_purpose(self) -> StrOrPromise:
        """One line: what the page is for."""
        return self.purpose

    def get_crumbs(self) -> Sequence[Crumb]:
        """The way from home to here, without both ends."""
        return ()

    def get_actions(self) -> Sequence[Action]:
        """Actions at the top right, the main one last."""
        return ()

    def get_as_of(self) -> datetime | None:
        """The instant the figures stand for; None shows no stamp."""
        return self.now

    def get_file(self) -> HttpResponseBase | None:
        """A file instead of the page, when the address asks for one (``?csv=1``); None: the page."""
        return None

    # -- the frame -----------------------------------------------------------------------------------
    def get_template_names(self) -> list[str]:
        """The page, or the one part of it that htmx asks for."""
        partial = self.partials.get(self.request.headers.get("HX-Target", ""))
        return [partial] if partial and self.is_part else super().get_template_names()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The frame's values under the page's own."""
        return {**self._frame(), **super().get_context_data(**kwargs)}

    def render_to_response(self, context: dict[str, Any], **response_kwargs: Any) -> HttpResponse:
        """As Django does, and caches keep parts and pages apart."""
        response = super().render_to_response(context, **response_kwargs)
        patch_vary_headers(response, ("HX-Request", "HX-Target"))
        response.setdefault("Cache-Control", "private, no-store")
        return response

    def say(self, sentence: StrOrPromise) -> None:
        """Tell the operator that it is done."""
        messages.success(self.request, str(sentence))

    def refused(self, refusal: Refusal) -> HttpResponseBase:
        """Show why not: a page of its own on GET, else a message on the page the operator came from."""
        if self.request.method in _SAFE:
            return self.explain(refusal.message, status=refusal.status)
        messages.error(self.request, refusal.message)
        return HttpResponseRedirect(self.request.get_full_path())

    def explain(self, sentence: StrOrPromise, *, status: int) -> HttpResponseBase:
        """A page that says what is the matter and offers ways on."""
        # Not what the page says of itself: that may be what could not be found.
        context = {**self._surroundings(), "title": _("Not here") if status == 404 else _("Not possible")}
        context |= {"sentence": sentence, "purpose": "", "as_of": None, "crumbs": (), "actions": ()}
        return TemplateResponse(self.request, "operator/refused.html", context, status=status)

    def _answer(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not has_role(request.user, self.roles_that_see):
            return self.explain(
                _("Your role does not include this page. Ask an owner of the shop."),
                status=403,
            )
        if request.method not in _SAFE and not self.may_act:
            return self.explain(_("Your role may read this page but change nothing here."), status=403)
        try:
            if (file := self.get_file()) is not None:
                return file
            return super().dispatch(request, *args, **kwargs)
        except Refusal as refusal:
            return self.refused(refusal)
        except Http404:
            return self.explain(
                _("There is nothing at this address. It may have been removed."),
                status=404,
            )

    @property
    def is_part(self) -> bool:
        """Whether htmx asks for a part of the page only."""
        return self.request.headers.get("HX-Request") == "true"

    def _frame(self) -> dict[str, Any]:
        return self._surroundings() | {
            "title": self.get_title(),
            "purpose": self.get_purpose(),
            "crumbs": self.get_crumbs(),
            "actions": self.get_actions(),
            "as_of": self.get_as_of(),
        }

    def _surroundings(self) -> dict[str, Any]:
        return {
            **({} if self.is_part else admin.site.each_context(self.request)),
            **{name: SimpleLazyObject(page_values[name]) for name in page_values.names()},
            "page": self,
            "now": self.now,
            "may_act": self.may_act,
            "is_demo": settings.DEMO,
        }


class FormPage(OperatorPage, FormView):
    """A page with one form. ``act`` calls a service; its ``Refusal`` stands beside the field at fault.

    ``edits``: the form changes what is there. Nobody then overwrites unseen what somebody else saved meanwhile.
    """

    template_name = "operator/form.html"
    submit: ClassVar[StrOrPromise] = ""
    done: ClassVar[StrOrPromise] = ""
    edits: ClassVar[bool] = False

    def act(self, form: Any) -> str | None:
        """Do it with the cleaned form; may return the address to go to. Override."""
        raise NotImplementedError

    def get_consequence(self, form: BaseForm) -> StrOrPromise:
        """A sentence that reads back what saving will do; shown above the button."""
        return ""

    def form_valid(self, form: Any) -> HttpResponse:
        """Act, or show the refusal in the form."""
        if told := self._changed_since(form):
            form.add_error(None, told)
            return self.form_invalid(form)
        try:
            target = self.act(form)
        except Refusal as refusal:
            field = refusal.field if refusal.field in form.fields else None
            form.add_error(field, refusal.message)
            return self.form_invalid(form)
        self.say(self.done or _("Saved."))
        return HttpResponseRedirect(target or self.request.get_full_path())

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The form and the words around it."""
        context = super().get_context_data(**kwargs)
        form: Form = context["form"]
        return context | {
            "submit": self.submit or _("Save"),
            "seen": _seen(form) if self.edits else "",
            "consequence": self.get_consequence(form),
            "language": translation.get_language(),
        }

    def _changed_since(self, form: Form) -> str:
        """What somebody else saved since this form was opened, in a sentence; empty when nothing."""
        before = self.request.POST.get("seen", "")
        if not self.edits or not before or before == _seen(form):
            return ""
        now = [
            _("%(name)s: %(value)s") % {"name": form[name].label, "value": _stored(form[name])}
            for name in form.fields
            if name in form.changed_data
        ]
        return _(
            "Somebody saved this page while you were writing. Now stored: %(now)s. What you wrote is still in"
            " the form; save once more to put it in place of that."
        ) % {"now": words.listed(now) or _("the same as what you wrote")}


def _seen(form: Form) -> str:
    """A short mark of the values that a form was opened with."""
    stored = repr([(name, form[name].initial) for name in form.fields])
    return hashlib.sha256(stored.encode()).hexdigest()[:16]


def _stored(field: BoundField) -> str:
    """The stored value of a field as its form would show it."""
    value = field.initial
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    shown = dict(getattr(field.field, "choices", ()))
    return "–" if value in (None, "", []) else str(shown.get(value, value))
