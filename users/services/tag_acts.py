"""Tags as things of their own: renamed, merged, deleted, kept by a rule, put on whole groups and taken off again.

A rule names a tag by its name, so a tag that a rule uses is neither renamed, merged away nor deleted: the apps
above say who uses one (``tag_users``).
"""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.kit import told
from config.kit.batches import execute, fetch
from config.kit.given_names import as_read
from config.kit.refusal import Refusal
from config.kit.registry import Registry
from users.groups import read_group
from users.models import Customer, LongJob, Operator, Tag, TagRun, TagRunMember
from users.services import audit, long_jobs
from users.services.long_jobs import Chunk, runs
from users.services.tags import LONGEST

PUT, UNDO = "users.tag_group", "users.tag_group_undo"
CUSTOMERS = 5_000
tag_users: Registry[Callable[[str], list[str]]] = Registry("user of tags")
"""Functions that name what uses a tag (by its name), in words."""

KeeperNames = Callable[[Collection[int]], dict[int, str]]
tag_keepers: Registry[KeeperNames] = Registry("keeper of tags")
"""Per kind of keeper a function that names keepers by their numbers, in words."""


def clean(name: str) -> str:
    """A tag's name without superfluous blanks. Raises Refusal for an empty or overlong one."""
    plain = " ".join(name.replace("\0", "").split())
    if not plain or len(plain) > LONGEST:
        sentence = _("A tag needs a name of 1 to %(n)s characters.") % {"n": LONGEST}
        raise Refusal("bad_tag", sentence, field="name")
    return plain


def users_of(tag: Tag) -> list[str]:
    """What uses a tag, in words."""
    return [name for find in tag_users for name in find(tag.name)]


def keepers(tags: Iterable[Tag]) -> dict[int, str]:
    """What keeps each tag that is kept, in words, by the tag's number; one query per kind of keeper."""
    found: dict[int, str] = {}
    kept = [tag for tag in tags if tag.kept_by and tag.kept_ref is not None]
    for kind in {tag.kept_by for tag in kept}:
        ours = {tag.pk: tag.kept_ref or 0 for tag in kept if tag.kept_by == kind}
        name_them = tag_keepers.get(kind)
        names = name_them(ours.values()) if name_them else {}
        found |= {pk: names.get(ref, str(_("a rule"))) for pk, ref in ours.items()}
    return found


@transaction.atomic
def change(tag: Tag, *, name: str, category: str, by: Operator | None) -> None:
    """Rename a tag, or put it into another category. Raises Refusal for a name in use or in a rule."""
    plain, category = clean(name), " ".join(category.replace("\0", "").split())[:LONGEST]
    before = {"name": tag.name, "category": tag.category}
    if plain != tag.name:
        _refuse_used(tag)
        if Tag.objects.filter(name=plain).exists():
            raise Refusal("name_taken", _("A tag has this name. Merge the two instead."), field="name")
    tag.name, tag.category = plain, category
    tag.save(update_fields=["name", "category"])
    if before != {"name": plain, "category": category}:
        _touch_holders(tag)
    audit.record("tag.change", by=by, target=tag, before=before, after={"name": plain, "category": category})


@transaction.atomic
def merge(tag: Tag, into: Tag, *, by: Operator | None) -> int:
    """Put ``into`` on whoever has ``tag``, which is gone then; on how many it is new. Raises Refusal."""
    if tag.pk == into.pk:
        raise Refusal("same_tag", _("Choose another tag to merge into."), field="into")
    _refuse_used(tag)
    moved = execute(
        "INSERT INTO users_customertag (customer_id, tag_id, tagged_at, source)"
        " SELECT customer_id, %s, tagged_at, source FROM users_customertag WHERE tag_id = %s ON CONFLICT DO NOTHING",
        [into.pk, tag.pk],
    )
    audit.record("tag.merge", by=by, target=into, before={"tag": tag.name}, after={"customers": moved})
    _remove(tag)
    return moved


@transaction.atomic
def delete(tag: Tag, *, by: Operator | None) -> None:
    """Take a tag off everybody and remove it. Raises Refusal while a rule uses it."""
    _refuse_used(tag)
    audit.record("tag.delete", by=by, target=tag, before={"tag": tag.name, "category": tag.category})
    _remove(tag)


@transaction.atomic
def keep_by(tag: Tag, kind: str, ref: int | None, *, by: Operator | None) -> None:
    """Let a rule keep a tag from now on, or (``ref`` None) nobody any more: then it stays on as it is."""
    before = {"kept_by": tag.kept_by, "ref": tag.kept_ref}
    tag.kept_by, tag.kept_ref = (kind, ref) if ref is not None else ("", None)
    tag.save(update_fields=["kept_by", "kept_ref"])
    if ref is None:
        leave_on(tag)
    audit.record(
        "tag.keep", by=by, target=tag, before=before, after={"kept_by": tag.kept_by, "ref": tag.kept_ref}
    )


def leave_on(tag: Tag) -> None:
    """What a rule has put on stays on as if by hand."""
    execute(
        """
        WITH left_on AS (
            UPDATE users_customertag SET source = 'hand' WHERE tag_id = %s AND source = 'rule'
            RETURNING customer_id
        )
        INSERT INTO users_touched (customer_id, topic) SELECT customer_id, 'tags' FROM left_on
        """,
        [tag.pk],
    )


def put_on_many(
    tag_id: int, customers: "QuerySet[Customer, dict[str, int]]", source: str, now: datetime
) -> int:
    """Put a tag on the customers of a query of ids, in one statement; on how many it is new."""
    chosen, parameters = customers.query.sql_with_params()
    return execute(
        f"""
        WITH tagged AS (
            INSERT INTO users_customertag (customer_id, tag_id, tagged_at, source)
            SELECT chosen.customer_id, %s, %s, %s FROM ({chosen}) AS chosen (customer_id)
            ON CONFLICT DO NOTHING RETURNING customer_id
        )
        INSERT INTO users_touched (customer_id, topic) SELECT customer_id, 'tags' FROM tagged
        """,
        [tag_id, now, source, *parameters],
    )


def take_off_many(tag_id: int, customers: "QuerySet[Customer, dict[str, int]]", source: str) -> int:
    """Take a tag that came from ``source`` off the customers of a query of ids; off how many."""
    chosen, parameters = customers.query.sql_with_params()
    return execute(
        f"""
        WITH untagged AS (
            DELETE FROM users_customertag WHERE tag_id = %s AND source = %s
              AND customer_id IN (SELECT chosen.customer_id FROM ({chosen}) AS chosen (customer_id))
            RETURNING customer_id
        )
        INSERT INTO users_touched (customer_id, topic) SELECT customer_id, 'tags' FROM untagged
        """,
        [tag_id, source, *parameters],
    )


@transaction.atomic
def tag_group(name: str, *, group: str, is_on: bool, by: Operator | None, now: datetime) -> TagRun:
    """Put a tag on a whole group, or take it off, as a long job. Raises Refusal for a bad name or group."""
    found = read_group(group, now)
    plain = clean(name)
    tag = Tag.objects.filter(name=plain).first()
    if tag is None:
        if not is_on:
            raise Refusal("no_such_tag", _("There is no such tag."), field="name")
        tag = Tag.objects.create(name=plain)
    run = TagRun(tag=tag, is_on=is_on, group=group, sentence=str(found.sentence)[:300], by=by, at=now)
    run.save()
    named = told.in_every_language(lambda: str(read_group(group, now).sentence))

    def title() -> str:
        pattern = _("Put “%(tag)s” on: %(whom)s") if is_on else _("Take “%(tag)s” off: %(whom)s")
        return pattern % {"tag": as_read(plain), "whom": read_group(group, now).sentence}

    run.job = long_jobs.start(PUT, title=title, by=by, parameters={"run": run.pk, "whom": named})
    run.save(update_fields=["job"])
    audit.record("tag.group", by=by, target=tag, after={"on": is_on, "group": named})
    return run


def whom(run: TagRun) -> str:
    """Whom a tagging was for, in the reader's language and in the words of then: its job keeps them."""
    return told.to_reader(run.job and run.job.parameters.get("whom"), run.sentence)


@runs(PUT)
def tag_chunk(job: LongJob, now: datetime) -> Chunk:
    """The next few thousand customers of the group; whose tag changes is noted for undoing."""
    run = TagRun.objects.get(pk=job.parameters["run"])
    after = job.parameters.get("after", 0)
    chosen = Customer.objects.living().filter(pk__gt=after, pk__in=read_group(run.group, run.at).customers)
    ids = list(chosen.order_by("pk").values_list("pk", flat=True)[:CUSTOMERS])
    if not ids:
        count = TagRunMember.objects.filter(run=run).count()
        TagRun.objects.filter(pk=run.pk).update(finished_at=now, customers=count)
        return Chunk(finished=True, result={"customers": count})
    execute(_PUT_ON if run.is_on else _TAKE_OFF, {"tag": run.tag_id, "run": run.pk, "ids": ids, "now": now})
    return Chunk(done=len(ids), parameters={"after": ids[-1]})


_PUT_ON = """
    WITH changed AS (
        INSERT INTO users_customertag (customer_id, tag_id, tagged_at, source)
        SELECT id, %(tag)s, %(now)s, 'bulk' FROM unnest(%(ids)s::bigint[]) AS id
        ON CONFLICT DO NOTHING RETURNING customer_id, tagged_at, source
    ), noted AS (
        INSERT INTO users_tagrunmember (customer_id, run_id, tagged_at, source)
        SELECT customer_id, %(run)s, tagged_at, source FROM changed ON CONFLICT DO NOTHING
    )
    INSERT INTO users_touched (customer_id, topic) SELECT customer_id, 'tags' FROM changed
"""
_TAKE_OFF = """
    WITH changed AS (
        DELETE FROM users_customertag WHERE tag_id = %(tag)s AND customer_id = ANY(%(ids)s)
        RETURNING customer_id, tagged_at, source
    ), noted AS (
        INSERT INTO users_tagrunmember (customer_id, run_id, tagged_at, source)
        SELECT customer_id, %(run)s, tagged_at, source FROM changed ON CONFLICT DO NOTHING
    )
    INSERT INTO users_touched (customer_id, topic) SELECT customer_id, 'tags' FROM changed
"""


@transaction.atomic
def undo_group(run: TagRun, *, by: Operator | None) -> LongJob:
    """Take back a tagging of a group; a tag put on or taken off since by somebody else stays so."""
    held = TagRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if held.finished_at is None or held.undone_at is not None:
        raise Refusal("wrong_state", _("This tagging is not finished, or has been undone."))
    named = held.job.parameters.get("whom") if held.job else None
    held.job = long_jobs.start(
        UNDO, title=lambda: _("Undo %(file)s") % {"file": held.job or held.sentence}, by=by, total=held.customers,
        parameters={"run": run.pk, "whom": named},
    )  # fmt: skip
    held.save(update_fields=["job"])
    audit.record("tag.group_undo", by=by, target=held.tag, after={"group": named or held.sentence})
    return held.job


@runs(UNDO)
def undo_chunk(job: LongJob, now: datetime) -> Chunk:
    """The next few thousand customers of the tagging get back what they had."""
    run = TagRun.objects.get(pk=job.parameters["run"])
    ids = list(TagRunMember.objects.filter(run=run).values_list("customer_id", flat=True)[:CUSTOMERS])
    if not ids:
        TagRun.objects.filter(pk=run.pk).update(undone_at=now, left=job.parameters.get("left", 0))
        return Chunk(finished=True)
    back = fetch(_UNTAG if run.is_on else _RETAG, {"tag": run.tag_id, "run": run.pk, "ids": ids})
    left = job.parameters.get("left", 0) + len(ids) - len(back)
    TagRunMember.objects.filter(run=run, customer__in=ids).delete()
    return Chunk(done=len(ids), parameters={"left": left})


_UNTAG = """
    WITH changed AS (
        DELETE FROM users_customertag tagged USING users_tagrunmember member
        WHERE member.run_id = %(run)s AND member.customer_id = ANY(%(ids)s) AND tagged.tag_id = %(tag)s
          AND tagged.customer_id = member.customer_id AND tagged.tagged_at = member.tagged_at
        RETURNING tagged.customer_id
    )
    INSERT INTO users_touched (customer_id, topic) SELECT customer_id, 'tags' FROM changed RETURNING customer_id
"""
_RETAG = """
    WITH changed AS (
        INSERT INTO users_customertag (customer_id, tag_id, tagged_at, source)
        SELECT member.customer_id, %(tag)s, member.tagged_at, member.source FROM users_tagrunmember member
        WHERE member.run_id = %(run)s AND member.customer_id = ANY(%(ids)s)
        ON CONFLICT DO NOTHING RETURNING customer_id
    )
    INSERT INTO users_touched (customer_id, topic) SELECT customer_id, 'tags' FROM changed RETURNING customer_id
"""


def _touch_holders(tag: Tag) -> None:
    """Rules ask for tags by name and by category."""
    execute(
        "INSERT INTO users_touched (customer_id, topic)"
        " SELECT customer_id, 'tags' FROM users_customertag WHERE tag_id = %s",
        [tag.pk],
    )


def _refuse_used(tag: Tag) -> None:
    if names := users_of(tag):
        count = len(names)
        sentence = ngettext(
            "%(names)s uses this tag. Change its rule first.",
            "%(names)s use this tag. Change their rules first.",
            count,
        )
        raise Refusal("in_use", sentence % {"names": ", ".join(names[:5])})
    if tag.kept_by:
        raise Refusal("kept", _("A rule keeps this tag. Let go of it first."))


def _remove(tag: Tag) -> None:
    execute(
        "WITH gone AS (DELETE FROM users_customertag WHERE tag_id = %s RETURNING customer_id)"
        " INSERT INTO users_touched (customer_id, topic) SELECT customer_id, 'tags' FROM gone",
        [tag.pk],
    )
    tag.delete()
