"""Making, changing and removing segments."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zlib import crc32

from django.db import transaction
from django.utils.translation import gettext as _

from config.kit import clock
from config.kit.refusal import Conflict, Refusal
from config.kit.registry import Registry
from segments.models import Membership, Segment, SegmentKind, SegmentState, SegmentVersion
from segments.rules.outcome import Outcome, outcome
from segments.rules.parse import parse
from segments.rules.tree import Rule
from segments.services import tag_keeping
from segments.services.order import reaches, users_of
from segments.services.rebuild import give_way
from users.models import Operator
from users.services import audit
from users.services.jobs import nudge

# Apps above say what uses a segment (sentences for people); a used one cannot be deleted.
uses: Registry[Callable[[Segment], list[str]]] = Registry("use of segments")


@transaction.atomic
def create_segment(
    *,
    name: str,
    rule: Any,
    by: Operator | None,
    description: str = "",
    means_everyone: bool = False,
    actor: str = "",
) -> Segment:
    """Make a segment; it is computed within seconds. Raises Refusal or Conflict.

    ``means_everyone`` allows a rule that is true of everyone or of no one whatever happens.
    """
    read = _acceptable(rule, means_everyone=means_everyone)
    _check_name(name)
    now = clock.now()
    segment = Segment.objects.create(
        name=name.strip(),
        description=description.strip(),
        rule=read.write(),
        means_everyone=means_everyone,
        created_at=now,
        created_by=by,
    )
    _keep_version(segment, by, now)
    audit.record("segment.create", by=by, actor=actor, target=segment, after=_state(segment))
    nudge("segments.rebuild")
    return segment


@transaction.atomic
def edit_segment(
    segment: Segment,
    *,
    by: Operator | None,
    name: str | None = None,
    description: str | None = None,
    rule: Any = None,
    means_everyone: bool = False,
    over: str | None = None,
) -> Segment:
    """Change a segment; a new rule is a new version and is computed anew. Raises Refusal or Conflict.

    ``over``: the edition that the change was made from; Conflict ``changed_meanwhile`` when it is not that any more.
    """
    segment = Segment.objects.select_for_update().get(pk=segment.pk)
    if over and over != edition(segment):
        raise Conflict("changed_meanwhile", _("Somebody else changed this segment meanwhile."))
    before = _state(segment)
    if name is not None and name.strip() != segment.name:
        _check_name(name)
        segment.name = name.strip()
    if description is not None:
        segment.description = description.strip()
    if rule is not None:
        _take_rule(segment, rule, means_everyone, by)
    segment.save(
        update_fields=["name", "description", "rule", "rule_version", "means_everyone", "state", "error"]
    )
    audit.record("segment.edit", by=by, target=segment, before=before, after=_state(segment))
    return segment


def edition(segment: Segment) -> str:
    """What an editor began from: the version of the rule, and a mark of name and purpose."""
    said = f"{segment.name}\0{segment.description}".encode()
    return f"{segment.rule_version}-{crc32(said):08x}"


@transaction.atomic
def compute_again(segment: Segment, *, by: Operator | None) -> None:
    """Ask for a rebuild, as after a failure."""
    Segment.objects.filter(pk=segment.pk).update(state=SegmentState.NEEDS_REBUILD, error="")
    audit.record("segment.compute_again", by=by, target=segment)
    nudge("segments.rebuild")


@transaction.atomic
def delete_segment(segment: Segment, *, by: Operator | None) -> None:
    """Remove a segment with its members and history. Raises Conflict while something uses it."""
    segment = Segment.objects.select_for_update().get(pk=segment.pk)
    used = used_by(segment)
    if used:
        raise Conflict(
            "segment_in_use", _("It is used by: %(uses)s. Change those first.") % {"uses": "; ".join(used)}
        )
    audit.record("segment.delete", by=by, target=segment, before=_state(segment))
    tag_keeping.let_go(segment)
    Membership.objects.filter(segment=segment).delete()
    segment.changes.all().delete()
    segment.delete()


def used_by(segment: Segment) -> list[str]:
    """What uses the segment: other segments, and what the apps above say."""
    others = users_of(segment.pk, Segment.objects.exclude(pk=segment.pk))
    found = [_("segment “%(name)s”") % {"name": other.name} for other in others]
    return found + [sentence for ask in uses for sentence in ask(segment)]


def _take_rule(segment: Segment, rule: Any, means_everyone: bool, by: Operator | None) -> None:
    read = _acceptable(rule, means_everyone=means_everyone)
    if read.write() == segment.rule:
        return
    rules = dict(Segment.objects.values_list("pk", "rule"))
    if reaches(read.segments(), segment.pk, rules):
        raise Refusal("circle", _("The rule refers, directly or through others, to this segment itself."))
    segment.rule = read.write()
    segment.means_everyone = means_everyone
    segment.rule_version += 1
    segment.state, segment.error = SegmentState.NEEDS_REBUILD, ""
    _keep_version(segment, by, clock.now())
    give_way(segment)
    nudge("segments.rebuild")


def _acceptable(rule: Any, *, means_everyone: bool) -> Rule:
    read = parse(rule)
    means = outcome(read.root)
    if means is not Outcome.SOME and not means_everyone:
        sentence = (
            _("This rule means everyone. If that is what you want, say so.")
            if means is Outcome.EVERYONE
            else _("This rule means no one. If that is what you want, say so.")
        )
        raise Refusal(f"means_{means.value}", sentence, field="root")
    return read


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > 120 or "\0" in name:
        raise Refusal("bad_name", _("Give it a name of at most 120 characters."), field="name")
    if Segment.objects.filter(name=name.strip()).exists():
        raise Conflict("name_taken", _("Another segment has this name."), field="name")


def _keep_version(segment: Segment, by: Operator | None, now: datetime) -> None:
    SegmentVersion.objects.create(
        segment=segment, version=segment.rule_version, rule=segment.rule, made_at=now, made_by=by
    )


def _state(segment: Segment) -> dict[str, Any]:
    return {
        "name": segment.name,
        "description": segment.description,
        "rule": segment.rule,
        "version": segment.rule_version,
        "kind": SegmentKind(segment.kind).value,
    }
