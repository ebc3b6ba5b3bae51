"""Installing ready segments: all that are missing, or one; a second time changes nothing."""

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from config.kit.refusal import NotFound
from segments.models import Segment
from segments.ready import PRESETS, Preset, named, names_of
from segments.services.segments import create_segment
from users.models import Operator


@dataclass(frozen=True, slots=True)
class Installed:
    """What was made, and which were there before (by their preset, or by a segment of the same name)."""

    made: list[Segment]
    existing: list[str]


def there() -> dict[str, Segment]:
    """The segments that stand for presets, by the preset's key."""
    by_name = {name: key for key in PRESETS for name in names_of(key)}
    found = {}
    for segment in Segment.objects.order_by("-pk"):
        key = segment.preset or by_name.get(segment.name, "")
        if key:
            found[key] = segment
    return found


def existing_of(preset: Preset) -> list[int] | None:
    """The numbers of the segments that a ready one rests on; None while one of them is missing."""
    found = there() if preset.upon else {}
    return [found[key].pk for key in preset.upon] if all(key in found for key in preset.upon) else None


@transaction.atomic
def install(*, by: Operator | None) -> Installed:
    """Make those ready segments that are missing; those that others rest on first."""
    made, existing = list[Segment](), list[str]()
    for preset in PRESETS.values():
        there, segment = _install(preset, by)
        if there:
            existing.append(segment.title)
        else:
            made.append(segment)
    return Installed(made, existing)


@transaction.atomic
def install_one(key: str, *, by: Operator | None) -> Segment:
    """Make one ready segment, and those that it rests on; the one that is there when it is. Raises NotFound."""
    preset = PRESETS.get(key)
    if preset is None:
        raise NotFound(_("There is no such ready segment."))
    return make(preset, by=by)


@transaction.atomic
def make(preset: Preset, *, by: Operator | None) -> Segment:
    """A segment of this name, purpose and rule, and those that it rests on; the one that is there when it is."""
    return _install(preset, by)[1]


def known_as(segment: Segment, preset: Preset) -> None:
    """Let a segment or list that was made in another way bear a name and a purpose in the reader's language."""
    described = str(preset.description)
    Segment.objects.filter(pk=segment.pk).update(preset=preset.key, description=described)
    segment.preset, segment.description = preset.key, described


def rule_of(preset: Preset, *upon: int) -> dict[str, object]:
    """The rule of a ready segment; ``upon``: the numbers of those that it rests on."""
    return {"version": 1, "root": {"all": list(preset.conditions(*upon))}}


def _install(preset: Preset, by: Operator | None) -> tuple[bool, Segment]:
    """Whether it was there, and the segment. A segment of its name is taken for it."""
    found = Segment.objects.filter(preset=preset.key).first()
    found = found or Segment.objects.filter(name__in=names_of(preset.key)).first()
    if found is not None:
        if not found.preset:
            Segment.objects.filter(pk=found.pk).update(preset=preset.key)
        return True, found
    upon = [_install(named[key], by)[1].pk for key in preset.upon]
    made = create_segment(
        name=str(preset.name),
        description=str(preset.description),
        rule=rule_of(preset, *upon),
        by=by,
        actor="presets",
    )
    made.preset = preset.key
    made.save(update_fields=["preset"])
    return False, made
