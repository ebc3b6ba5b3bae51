"""The tree of categories: new texts find their place, operators rename, move and merge.

Rules name a category by a text. What an act moves may change the answer of every customer with an order line
or a product below it, so those are touched in the same transaction.
"""

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from config.kit.batches import execute, fetch
from config.kit.refusal import Conflict, NotFound, Refusal
from users.models import Category, CategoryName, Operator
from users.services import audit

BETWEEN = " > "
LONGEST_NAME = 100
LONGEST_PATH = 500
DEEPEST = 8
LOCK = 0x0CA7  # advisory: one change of the tree at a time


def clean(text: str) -> str:
    """A category's text as it is kept: parts without blanks around them. Raises Refusal."""
    parts = [part.strip() for part in text.split(">")]
    written = BETWEEN.join(part for part in parts if part)
    if len(written) > LONGEST_NAME:
        raise Refusal("too_long", _("At most %(n)s characters.") % {"n": LONGEST_NAME}, field="category")
    return written


def sort_in(texts: Iterable[str]) -> int:
    """Give texts that mean nothing yet their place in the tree ("Music > Jazz" below Music); how many were new.

    In the caller's transaction, which touches the customers of the lines that told them; one query where all
    are known.
    """
    wanted = sorted(text for text in set(texts) if text)
    new = (
        fetch(
            "SELECT text FROM unnest(%s::text[]) AS told (text)"
            " WHERE NOT EXISTS (SELECT FROM users_categoryname known WHERE known.text = told.text) ORDER BY text",
            [wanted],
        )
        if wanted
        else []
    )
    if not new:
        return 0
    _hold()
    for (text,) in new:
        place = _place(text)
        CategoryName.objects.get_or_create(text=text, defaults={"category": place})
    return len(new)


@transaction.atomic
def rename(category_id: int, *, name: str, by: Operator | None) -> Category:
    """Give a category another name; rules that name the old path go on to mean it. Raises Refusal."""
    _hold()
    category = _get(category_id)
    before = category.path
    name = _name(name)
    _demand_free(category, category.parent, name)
    category.name = name
    category.save(update_fields=["name"])
    _rewrite(category)
    _touch(_texts_of(category))
    audit.record(
        "category.rename", by=by, target=category, before={"path": before}, after={"path": category.path}
    )
    return category


@transaction.atomic
def move(category_id: int, *, below: int | None, by: Operator | None) -> Category:
    """Put a category with all below it under another, or at the top. Raises Refusal."""
    _hold()
    category = _get(category_id)
    parent = None if below is None else _get(below)
    if parent is not None and _is_within(parent, category):
        raise Conflict("circle", _("A category cannot stand below itself."), field="below")
    _demand_free(category, parent, category.name)
    before = category.path
    affected = _texts_of(category)
    category.parent = parent
    category.save(update_fields=["parent"])
    _rewrite(category)
    _touch(affected)
    audit.record(
        "category.move", by=by, target=category, before={"path": before}, after={"path": category.path}
    )
    return category


@transaction.atomic
def merge(category_id: int, *, into: int, by: Operator | None) -> Category:
    """Make a category part of another: its texts mean that one, what is below it moves below that one.

    Below-categories of the same name are merged too. Raises Refusal.
    """
    _hold()
    lost, kept = _get(category_id), _get(into)
    if _is_within(kept, lost):
        raise Conflict("circle", _("A category cannot become part of what is below it."), field="into")
    affected = [*_texts_of(lost), *_texts_of(kept)]
    before = lost.path
    _absorb(lost, kept)
    _touch(affected)
    audit.record("category.merge", by=by, target=kept, before={"path": before}, after={"path": kept.path})
    return kept


def _absorb(lost: Category, kept: Category) -> None:
    for child in lost.children.order_by("path"):
        twin = kept.children.filter(name=child.name).first()
        if twin is not None:
            _absorb(child, twin)
        else:
            child.parent = kept
            child.save(update_fields=["parent"])
            _rewrite(child)
    lost.names.update(category=kept)
    lost.delete()


def _hold() -> None:
    execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _get(category_id: int) -> Category:
    found = Category.objects.select_related("parent").filter(pk=category_id).first()
    if found is None:
        raise NotFound(_("There is no such category."))
    return found


def _name(told: str) -> str:
    name = told.strip()
    if not name or ">" in name or len(name) > LONGEST_NAME:
        raise Refusal("bad_name", _("A name has 1 to 100 characters, and no “>”."), field="name")
    return name


def _demand_free(category: Category, parent: Category | None, name: str) -> None:
    """The path is free: no other category has it, had it, or is told by it."""
    path = _path(parent, name)
    if len(path) > LONGEST_PATH or path.count(BETWEEN) >= DEEPEST:
        raise Refusal("too_deep", _("The tree would become too deep."))
    taken = CategoryName.objects.filter(text=path).exclude(category=category)
    if taken.exists() or Category.objects.filter(path=path).exclude(pk=category.pk).exists():
        raise Conflict(
            "name_taken", _("“%(path)s” means another category: merge the two instead.") % {"path": path}
        )


def _is_within(category: Category, top: Category) -> bool:
    return category.path == top.path or category.path.startswith(top.path + BETWEEN)


def _path(parent: Category | None, name: str) -> str:
    return name if parent is None else f"{parent.path}{BETWEEN}{name}"


def _place(text: str) -> Category:
    """The category of a path, made where it is missing. Texts that are known lead the way."""
    parent: Category | None = None
    parts = [part.strip() for part in text.split(BETWEEN.strip())]
    parts = [part for part in parts if part][:DEEPEST] or [text]
    for position in range(len(parts)):
        known = (
            CategoryName.objects.select_related("category")
            .filter(text=BETWEEN.join(parts[: position + 1]))
            .first()
        )
        if known is not None:
            parent = known.category
            continue
        path = _path(parent, parts[position][:LONGEST_NAME])
        parent, _made = Category.objects.get_or_create(
            path=path[:LONGEST_PATH], defaults={"parent": parent, "name": parts[position][:LONGEST_NAME]}
        )
        _name_it(parent, parent.path)
    assert parent is not None
    return parent


def _name_it(category: Category, text: str) -> None:
    CategoryName.objects.get_or_create(text=text, defaults={"category": category})


def _rewrite(category: Category) -> None:
    """Paths of the category and all below it, after its name or parent changed; old paths go on meaning them."""
    below = [category]
    while below:
        one = below.pop()
        path = _path(one.parent, one.name)
        if path != one.path:
            _name_it(one, one.path)
            one.path = path
            one.save(update_fields=["path"])
            _name_it(one, path)
        for child in one.children.all():
            child.parent = one
            below.append(child)


def _texts_of(category: Category) -> list[str]:
    """The texts that mean the category or one below it."""
    return [
        text
        for (text,) in fetch(
            "SELECT known.text FROM users_categoryname known JOIN users_category c ON c.id = known.category_id"
            " WHERE c.path = %s OR starts_with(c.path, %s)",
            [category.path, category.path + BETWEEN],
        )
    ]


def _touch(texts: list[str]) -> None:
    execute(
        """
        INSERT INTO users_touched (customer_id, topic)
        SELECT customer_id, 'orders' FROM users_orderline WHERE category = ANY(%(texts)s)
        UNION
        SELECT customer_id, 'orders' FROM users_ownedproduct WHERE category = ANY(%(texts)s)
        """,
        {"texts": texts},
    )
