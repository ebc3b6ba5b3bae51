"""Audiences for advertising platforms: hashed addresses of the members who agreed to just that.

Who goes in: a member who said yes to the topic "ads" on the channel (never implied by any other yes), has not
refused profiling, and has a confirmed address that works and that the platform can take. Everybody else is
counted by the first reason that keeps them out. The file is an export like others: it waits a day for whoever
asked for it; who was in it is remembered for the copy of everything held about a customer.
"""

import secrets
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from config.kit import clock, told
from config.kit.batches import copy_rows, fetch
from config.kit.refusal import Conflict, Refusal
from segments.audiences import CHANNELS, PLATFORMS, Platform
from segments.models import Audience, Segment
from segments.services.membership import is_fresh
from segments.uses import Use, Uses, uses
from users.models import USABLE_CONTACT_STATES, Export, LongJob, Operator
from users.models.consent import ADS_TOPIC
from users.services import audit, long_jobs
from users.services.exports import files
from users.services.long_jobs import Chunk, runs

JOB = "segments.audience"
MEMBERS = 5_000
KEPT_FOR = timedelta(hours=24)
REASONS = {
    "no_consent": gettext_lazy("did not agree to advertising platforms on this channel"),
    "no_profiling": gettext_lazy("refused profiling"),
    "no_address": gettext_lazy("no confirmed address that works"),
    "not_taken": gettext_lazy("an address that the platform does not take"),
}


@transaction.atomic
def ask(
    segment: Segment,
    *,
    platform: str,
    channel: str,
    algorithm: str = "sha256",
    by: Operator | None,
    actor: str = "",
) -> Audience:
    """Ask for an audience; it is made within minutes. Raises Refusal, or Conflict for a segment that is not fresh."""
    found = _checked(platform, channel, algorithm)
    now = clock.now()
    if not is_fresh(segment, now):
        raise Conflict("not_fresh", _("The segment is not up to date now. Wait until it is."))

    def title() -> str:
        return _("Audience for %(platform)s: %(segment)s") % {
            "platform": found.title, "segment": segment.title,
        }  # fmt: skip

    export = Export.objects.create(
        kind="audience",
        title=title()[: told.LONGEST],
        token=secrets.token_hex(16),
        form="csv",
        by=by,
        created_at=now,
        options={"titles": told.in_every_language(title)},
    )
    made = Audience.objects.create(
        export=export, segment=segment, segment_name=segment.name, platform=platform, channel=channel,
        algorithm=algorithm, asked_at=now, by=by,
    )  # fmt: skip
    export.job = long_jobs.start(
        JOB, title=title, by=by, parameters={"audience": made.pk}, total=segment.size
    )
    export.save(update_fields=["job"])
    asked = {"platform": platform, "channel": channel, "segment": segment.name, "algorithm": algorithm}
    audit.record("audience.ask", by=by, actor=actor, target=made, after=asked)
    return made


def _checked(platform: str, channel: str, algorithm: str) -> Platform:
    found = PLATFORMS.get(platform)
    if found is None:
        raise Refusal("unknown_platform", _("Choose a platform."), field="platform")
    if channel not in found.channels:
        raise Refusal("not_taken", _("This platform does not take such addresses."), field="channel")
    if algorithm not in found.algorithms:
        raise Refusal("unknown_hash", _("This platform wants another hash."), field="algorithm")
    return found


@runs(JOB)
def audience_chunk(job: LongJob, now: datetime) -> Chunk:
    """The next few thousand members."""
    audience = Audience.objects.select_related("export").get(pk=job.parameters["audience"])
    export, after, offset = audience.export, job.parameters.get("after", 0), job.parameters.get("offset", 0)
    if export is None:
        return Chunk(finished=True)
    platform = PLATFORMS[audience.platform]
    head = platform.head.get(audience.channel)
    if not offset and head and not job.parameters.get("begun"):
        offset = files.append(export.token, "csv", 0, [[head]], marked=False)
    rows = fetch(_MEMBERS, _asked(audience, after))
    if not rows:
        return _finish(audience, export, offset, now)
    lines, members, left_out = _sorted(rows, platform, audience)
    offset = files.append(export.token, "csv", offset, [[line] for line in lines], marked=False)
    copy_rows(
        "segments_audiencemember", ("customer_id", "audience_id"), ((pk, audience.pk) for pk in members)
    )
    Audience.objects.filter(pk=audience.pk).update(
        members_count=F("members_count") + len(members),
        left_out={reason: audience.left_out.get(reason, 0) + left_out[reason] for reason in REASONS},
    )
    rows_so_far = job.parameters.get("rows", 0) + len(lines)
    at = {"after": rows[-1][0], "offset": offset, "begun": True, "rows": rows_so_far}
    return Chunk(done=len(rows), step=gettext_noop("Writing"), parameters=at)


def _finish(audience: Audience, export: Export, offset: int, now: datetime) -> Chunk:
    if not offset:
        files.append(export.token, "csv", 0, [], marked=False)
    size = files.finish(export.token, "csv", offset)
    Export.objects.filter(pk=export.pk).update(
        ready_at=now, expires_at=now + KEPT_FOR, size=size, rows=audience.members_count
    )
    return Chunk(finished=True, result={"customers": audience.members_count})


def _sorted(
    rows: list[tuple[Any, ...]], platform: Platform, audience: Audience
) -> tuple[list[str], list[int], Counter[str]]:
    """The hashes of those who go in, who they are, and how many stay out why."""
    lines: list[str] = []
    members: list[int] = []
    left_out: Counter[str] = Counter()
    for customer_id, agreed, no_profiling, addresses in rows:
        hashes = [
            line
            for address in addresses or ()
            if (line := platform.write(audience.channel, address, audience.algorithm))
        ]
        reason = _reason(agreed, no_profiling, addresses, hashes)
        if reason:
            left_out[reason] += 1
            continue
        members.append(customer_id)
        lines.extend(dict.fromkeys(hashes))
    return lines, members, left_out


def _reason(agreed: bool, no_profiling: bool, addresses: list[str] | None, hashes: list[str]) -> str:
    if not agreed:
        return "no_consent"
    if no_profiling:
        return "no_profiling"
    if not addresses:
        return "no_address"
    return "" if hashes else "not_taken"


def _asked(audience: Audience, after: int) -> dict[str, Any]:
    return {
        "segment": audience.segment_id,
        "after": after,
        "limit": MEMBERS,
        "channel": CHANNELS[audience.channel],
        "topic": ADS_TOPIC,
        "states": [state.value for state in USABLE_CONTACT_STATES],
    }


_MEMBERS = """
    SELECT customer.id,
           EXISTS (SELECT FROM users_consent consent JOIN users_topic topic ON topic.id = consent.topic_id
                   WHERE consent.customer_id = customer.id AND consent.channel = %(channel)s
                     AND topic.slug = %(topic)s AND consent.is_current AND consent.granted),
           customer.no_profiling,
           (SELECT array_agg(point.address ORDER BY point.address) FROM users_contactpoint point
            WHERE point.customer_id = customer.id AND point.channel = %(channel)s AND point.confirmed
              AND point.state = ANY(%(states)s))
    FROM segments_membership member JOIN users_customer customer ON customer.id = member.customer_id
    WHERE member.segment_id = %(segment)s AND member.customer_id > %(after)s AND customer.erased_at IS NULL
    ORDER BY customer.id LIMIT %(limit)s
"""


def _exported(segments: Any) -> Uses:
    """The audiences made of segments; they stay when the segment goes."""
    found: dict[int, list[Use]] = {}
    for one in Audience.objects.filter(segment__in=segments).order_by("-pk"):
        if len(found.setdefault(one.segment_id or 0, [])) < 3:
            named = {"platform": PLATFORMS[one.platform].title}
            found[one.segment_id or 0].append(
                Use("export", _("audience for %(platform)s") % named, blocks=False)
            )
    return found


uses.register("audiences", _exported)
