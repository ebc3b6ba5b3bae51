"""Making, changing and removing segments."""

from datetime import datetime
from itertools import count
from typing import Any
from zlib import crc32

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from config.kit import clock
from config.kit.refusal import Conflict, Refusal
from segments.models import Membership, Segment, SegmentKind, SegmentState, SegmentVersion
from segments.rules.outcome import Outcome, outcome
from segments.rules.parse import parse
from segments.rules.tree import Rule
from segments.services import tag_keeping
from segments.services.order import users_of, way
from segments.services.rebuild import give_way
from segments.uses import Use, uses_of
from users.models import Operator
from users.services import audit
from users.services.jobs import nudge


@transaction.atomic
def create_segment(
    *,
    name: str,
    rule: Any,
    by: Operator | None,
    description: str = "",
    means_everyone: bool = False,
    folder: str = "",
    actor: str = "",
) -> Segment:
    """Make a segment; it is computed within seconds. Raises Refusal or Conflict.

    ``means_everyone`` allows a rule that is true of everyone or of no one whatever happens.
    """
    read = _acceptable(rule, means_everyone=means_everyone)
    check_name(name)
    now = clock.now()
    segment = Segment.objects.create(
        name=name.strip(),
        description=description.strip(),
        folder=folder.strip(),
        rule=read.write(),
        means_everyone=means_everyone,
        created_at=now,
        created_by=by,
    )
    keep_version(segment, by, now)
    audit.record("segment.create", by=by, actor=actor, target=segment, after=state_of(segment))
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
    folder: str | None = None,
    actor: str = "",
    over: str | None = None,
) -> Segment:
    """Change a segment; a new rule is a new version and is computed anew. Raises Refusal or Conflict.

    ``over``: the edition that the change was made from; Conflict ``changed_meanwhile`` when it is not that any more.
    """
    segment = Segment.objects.select_for_update().get(pk=segment.pk)
    if over and over != edition(segment):
        raise Conflict("changed_meanwhile", _("Somebody else changed this segment meanwhile."))
    before = state_of(segment)
    if name is not None and name.strip() != segment.name:
        check_name(name)
        segment.name = name.strip()
    if description is not None:
        segment.description = description.strip()
    if folder is not None:
        segment.folder = folder.strip()
    if rule is not None:
        require_rule(segment)
        _take_rule(segment, rule, means_everyone, by)
    segment.save(
        update_fields=[
            "name",
            "description",
            "folder",
            "rule",
            "rule_version",
            "means_everyone",
            "state",
            "error",
        ]
    )
    audit.record("segment.edit", by=by, actor=actor, target=segment, before=before, after=state_of(segment))
    return segment


def edition(segment: Segment) -> str:
    """What an editor began from: the version of the rule, and a mark of name, purpose and folder."""
    said = f"{segment.name}\0{segment.description}\0{segment.folder}".encode()
    return f"{segment.rule_version}-{crc32(said):08x}"


@transaction.atomic
def compute_again(segment: Segment, *, by: Operator | None) -> None:
    """Ask for a rebuild, as after a failure. Raises Refusal for a list: nothing computes it."""
    require_rule(segment)
    Segment.objects.filter(pk=segment.pk).update(state=SegmentState.NEEDS_REBUILD, error="")
    audit.record("segment.compute_again", by=by, target=segment)
    nudge("segments.rebuild")


@transaction.atomic
def delete_segment(segment: Segment, *, by: Operator | None, actor: str = "") -> None:
    """Remove a segment with its members and history. Raises Conflict while something uses it."""
    segment = Segment.objects.select_for_update().get(pk=segment.pk)
    refuse_used(segment)
    audit.record("segment.delete", by=by, actor=actor, target=segment, before=state_of(segment))
    tag_keeping.let_go(segment)
    Membership.objects.filter(segment=segment).delete()
    segment.changes.all().delete()
    segment.delete()


@transaction.atomic
def retire(segment: Segment, *, by: Operator | None, actor: str = "") -> None:
    """Stop keeping a segment right; members and history stay as they are. Raises Conflict while it is used."""
    segment = Segment.objects.select_for_update().get(pk=segment.pk)
    if segment.state == SegmentState.RETIRED:
        return
    refuse_used(segment)
    Segment.objects.filter(pk=segment.pk).update(state=SegmentState.RETIRED, error="")
    audit.record("segment.retire", by=by, actor=actor, target=segment)


@transaction.atomic
def take_up(segment: Segment, *, by: Operator | None, actor: str = "") -> None:
    """Keep a stopped segment right again: it is computed anew, a list is in force at once."""
    state = SegmentState.LIVE if segment.is_list else SegmentState.NEEDS_REBUILD
    if Segment.objects.filter(pk=segment.pk, state=SegmentState.RETIRED).update(state=state):
        audit.record("segment.take_up", by=by, actor=actor, target=segment)
        nudge("segments.rebuild")


def duplicate(segment: Segment, *, by: Operator | None) -> Segment:
    """A copy of a segment by rule under a free name, called as the reader sees it.

    Raises Refusal for a list and for an unreadable rule.
    """
    require_rule(segment)
    names = set(Segment.objects.values_list("name", flat=True))
    tries = (_("%(name)s, copy %(n)d") % {"name": segment.title[:100], "n": n} for n in count(1))
    return create_segment(
        name=next(name for name in tries if name not in names),
        description=segment.purpose,
        folder=segment.folder,
        rule=segment.rule,
        means_everyone=segment.means_everyone,
        by=by,
    )


def require_rule(segment: Segment) -> None:
    """Raises Conflict for a list: no rule says who is on it."""
    if segment.is_list:
        raise Conflict("is_a_list", _("This is a list: its members are named, no rule computes them."))


def refuse_used(segment: Segment) -> None:
    """Raises Conflict while something would break without the segment, and says what."""
    used = [use for use in uses_in_full(segment) if use.blocks]
    if used:
        sentences = "; ".join(use.sentence for use in used)
        raise Conflict(
            "segment_in_use", _("It is used by: %(uses)s. Change those first.") % {"uses": sentences}
        )


def uses_in_full(segment: Segment) -> list[Use]:
    """What uses the segment: other segments, and what the parts here and the apps above say."""
    others = users_of(segment.pk, Segment.objects.exclude(pk=segment.pk))
    found = [
        Use(
            "segment",
            _("segment “%(name)s”") % {"name": other.title},
            reverse("segments:segment", args=[other.pk]),
        )
        for other in others
    ]
    return found + uses_of([segment.pk])[segment.pk]


def used_by(segment: Segment) -> list[str]:
    """What uses the segment, in words."""
    return [use.sentence for use in uses_in_full(segment)]


def _take_rule(segment: Segment, rule: Any, means_everyone: bool, by: Operator | None) -> None:
    read = _acceptable(rule, means_everyone=means_everyone)
    if read.write() == segment.rule:
        return
    _refuse_circle(segment, read)
    segment.rule = read.write()
    segment.means_everyone = means_everyone
    segment.rule_version += 1
    was_stopped_by_hand = segment.state == SegmentState.RETIRED and not segment.error
    if not was_stopped_by_hand:
        segment.state, segment.error = SegmentState.NEEDS_REBUILD, ""
    keep_version(segment, by, clock.now())
    give_way(segment)
    nudge("segments.rebuild")


def _refuse_circle(segment: Segment, read: Rule) -> None:
    """Raises Refusal, with the way round in words, when a rule leads back to its own segment."""
    known = Segment.objects.values_list("pk", "name", "rule")
    names = {pk: name for pk, name, _rule in known}
    round_trip = way(read.segments(), segment.pk, {pk: rule for pk, _name, rule in known})
    if round_trip:
        named = " → ".join(f"“{names[pk]}”" for pk in (segment.pk, *round_trip))
        sentence = _("The rule leads, directly or through others, back to this segment: %(way)s.")
        raise Refusal("circle", sentence % {"way": named})


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


def check_name(name: str) -> None:
    """Raises Refusal for what is no name, Conflict for one that is taken."""
    if not name.strip() or len(name) > 120 or "\0" in name:
        raise Refusal("bad_name", _("Give it a name of at most 120 characters."), field="name")
    if Segment.objects.filter(name=name.strip()).exists():
        raise Conflict("name_taken", _("Another segment has this name."), field="name")


def keep_version(segment: Segment, by: Operator | None, now: datetime) -> None:
    """Write down the rule in force; a list has one version without a rule."""
    SegmentVersion.objects.create(
        segment=segment, version=segment.rule_version, rule=segment.rule, made_at=now, made_by=by
    )


def state_of(segment: Segment) -> dict[str, Any]:
    """What the audit trail says of a segment."""
    return {
        "name": segment.name,
        "description": segment.description,
        "folder": segment.folder,
        "rule": segment.rule,
        "version": segment.rule_version,
        "kind": SegmentKind(segment.kind).value,
    }
