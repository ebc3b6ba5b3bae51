"""What may be done with a segment from its page, by its kind and state."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from django.urls import reverse
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from config.kit.parts import Action
from segments.admin.audience import action_of
from segments.models import Segment, SegmentState
from segments.services.segments import compute_again, delete_segment, duplicate, retire, take_up
from users.models import Operator

Done = tuple[StrOrPromise, str]


def actions_of(segment: Segment, here: str) -> Sequence[Action]:
    """What may be done: the main act last, the one before it beside it, all others in the menu."""
    *others, second, main = _acts(segment, here)
    return [*(replace(act, folded=True) for act in others), second, main]


def _acts(segment: Segment, here: str) -> Sequence[Action]:
    kept = [
        _to(_("Keep a tag"), "keep_tag", segment, "sell"),
        _to(_("Name and folder"), "describe", segment, "drive_file_rename_outline"),
    ]
    if segment.state == SegmentState.RETIRED:
        return [_delete(segment, here), _post(_("Take up again"), "take_up", here, "play_arrow")]
    kept.append(action_of(segment.pk))
    kept.append(
        Action(_("What uses it"), f"{reverse('segments:lineage')}?segment={segment.pk}", icon="account_tree")
    )
    stop = _post(
        _("Stop"), "retire", here, "pause", _("Stop keeping it right? Members and history stay as they are.")
    )
    shared = [*kept, _to(_("Take a list"), "take", segment, "content_cut"), stop, _delete(segment, here)]
    if segment.is_list:
        by_file = _to(_("From a file"), "list_file", segment, "upload")
        return [*shared, by_file, _to(_("Add or take off"), "list_members", segment, "person_add")]
    return [
        *shared,
        _post(_("Duplicate"), "duplicate", here, "content_copy"),
        _post(_("Compute again"), "again", here, "refresh"),
        _to(_("Edit"), "edit", segment, "edit"),
    ]


def do(act: str, segment: Segment, *, by: Operator) -> Done:
    """Do what a button says; what to tell the operator, and where to go. Raises Refusal."""
    return ACTS.get(act, _again)(segment, by)


def _again(segment: Segment, by: Operator) -> Done:
    compute_again(segment, by=by)
    return _("It is being computed again."), _page(segment)


def _gone(segment: Segment, by: Operator) -> Done:
    delete_segment(segment, by=by)
    return _("Deleted."), reverse("segments:list")


def _copied(segment: Segment, by: Operator) -> Done:
    return _("Copied. It is being computed."), _page(duplicate(segment, by=by))


def _stopped(segment: Segment, by: Operator) -> Done:
    retire(segment, by=by)
    return _("Stopped."), _page(segment)


def _taken_up(segment: Segment, by: Operator) -> Done:
    take_up(segment, by=by)
    return _("Taken up again."), _page(segment)


ACTS: dict[str, Callable[[Segment, Operator], Done]] = {
    "delete": _gone,
    "duplicate": _copied,
    "retire": _stopped,
    "take_up": _taken_up,
    "again": _again,
}


def _page(segment: Segment) -> str:
    return reverse("segments:segment", args=[segment.pk])


def _to(title: StrOrPromise, page: str, segment: Segment, icon: str) -> Action:
    return Action(title, reverse(f"segments:{page}", args=[segment.pk]), icon=icon)


def _post(title: StrOrPromise, value: str, here: str, icon: str, confirm: StrOrPromise = "") -> Action:
    return Action(title, here, icon=icon, method="post", name="act", value=value, confirm=confirm)


def _delete(segment: Segment, here: str) -> Action:
    return Action(
        _("Delete"),
        here,
        icon="delete",
        method="post",
        danger=True,
        name="act",
        value="delete",
        confirm=_("Delete the segment with its members and its history?"),
        ask_for=segment.title,
    )
