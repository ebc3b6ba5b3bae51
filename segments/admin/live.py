"""What the rule in the form selects, while it is being edited: the count first, then what each part does."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import get_language, gettext_lazy, override
from django.utils.translation import gettext as _

from config.kit.admin import OperatorPage
from config.kit.refusal import Refusal
from segments.admin.form import LONGEST_RULE, WHO_ACTS, read_json
from segments.admin.problem import problem_of
from segments.rules.parse import parse
from segments.rules.reading import RuleRefusal
from segments.rules.tree import Rule
from segments.rules.words import Words
from segments.services.advice import about, advice
from segments.services.preview import preview
from segments.services.preview_cost import Cost, costs
from segments.services.preview_parts import Drawn, Part, draw
from users.models import AcquisitionChannel

MOST_CHANNELS = 4
TONES = {Cost.LIGHT: "good", Cost.MEDIUM: "info", Cost.HEAVY: "warn", Cost.REFUSED: "bad"}


class PreviewPart(OperatorPage):
    """The count with some of the customers and the rule in words: posted by the builder, a part of its page."""

    title = gettext_lazy("Preview")
    template_name = "segments/preview.html"
    roles_that_see = roles_that_act = WHO_ACTS
    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            raw = read_json(request.POST.get("rule", "")[:LONGEST_RULE])
            rule = parse(raw)
        except forms.ValidationError as problem:
            return self.render_to_response({"problem": problem.messages[0]})
        except RuleRefusal as refusal:
            wrong = {"problem": problem_of(raw, refusal), "path": refusal.field}
            return self.render_to_response(wrong)
        try:
            shown = preview(raw, self.now, exact=request.POST.get("exact") == "1")
        except Refusal as refusal:
            told = {"problem": refusal.message, "is_complete": True}
            return self.render_to_response(told | cost_in_words(rule, self.now))
        return self.render_to_response(self.get_context_data(preview=shown, elsewhere=elsewhere(rule)))


class PartsPart(OperatorPage):
    """What each part of the rule does, as JSON: a text and a share per path, and a part of the page."""

    title = gettext_lazy("Preview")
    roles_that_see = roles_that_act = WHO_ACTS
    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            rule = parse(read_json(request.POST.get("rule", "")[:LONGEST_RULE]))
            drawn = draw(rule, self.now)
        except (forms.ValidationError, Refusal):
            return JsonResponse({"figures": {}, "html": ""})
        told = {"advice": advice(drawn, Words()), "portrait": portrait(drawn), "drawn": drawn}
        html = render_to_string("segments/preview_parts.html", told | cost_in_words(rule, self.now), request)
        return JsonResponse({"figures": dict(figures(drawn)), "html": html})


def elsewhere(rule: Rule) -> list[tuple[str, str]]:
    """The rule in the other languages: their code and the sentence."""
    here = get_language()
    found = []
    for code, _title in settings.LANGUAGES:
        if code != here:
            with override(code):
                found.append((code, rule.sentence(Words())))
    return found


def cost_in_words(rule: Rule, now: Any) -> dict[str, Any]:
    """What it costs, as the templates show it."""
    found = costs(rule, now)
    return {
        "cost": found.whole.label,
        "is_light": found.whole is Cost.LIGHT,
        "cost_tone": TONES[found.whole],
        "dearest": found.dearest.sentence(Words()),
        "dearest_cost": found.dearest_cost.label,
    }


def figures(drawn: Drawn) -> Iterator[tuple[str, dict[str, Any]]]:
    """Beside each node: how many it keeps, adds or takes out, and the share that is left."""
    members = drawn.members()
    if not members.margin:  # else the exact count beside the rule says it better
        yield "root", {"text": about(members), "share": members.found / max(1, drawn.size)}
    for part in drawn.parts():
        yield part.path, {"text": _in_words(part, drawn), "share": part.after.found / max(1, drawn.size)}


def _in_words(part: Part, drawn: Drawn) -> str:
    values = {"alone": about(part.alone), "before": about(part.before), "n": about(part.after)}
    moved = about(drawn.some(abs(part.after.found - part.before.found)))
    if part.how == "none":
        return _("takes out %(n)s of %(before)s") % (values | {"n": moved})
    if part.index == 0:
        return values["alone"]
    if part.how == "all":
        return _("keeps %(n)s of %(before)s; alone %(alone)s") % values
    return _("adds %(n)s; alone %(alone)s") % (values | {"n": moved})


def portrait(drawn: Drawn) -> dict[str, list[tuple[Any, str, float]]]:
    """The members by stage and by acquisition channel: value, number in words, share of the members."""
    found = max(1, drawn.members().found)
    stages = [
        (stage, about(some), some.found / found) for stage, some in drawn.by(lambda one: one.stage) if stage
    ]
    split = [(pk, some) for pk, some in drawn.by(lambda one: one.channel) if pk][:MOST_CHANNELS]
    known = AcquisitionChannel.objects.in_bulk([pk for pk, _some in split])
    channels = [(known[pk].title, about(some), some.found / found) for pk, some in split if pk in known]
    return {"stages": stages, "channels": channels}
