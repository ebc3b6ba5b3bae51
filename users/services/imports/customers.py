"""Importing customers: profiles, addresses and keys, told as if the shop's back end had told them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit.zones import shop_zone
from users import cells
from users.cells import Unreadable
from users.models import AcquisitionChannel, Customer, Fate, FirstTouch
from users.profile import TRAITS, Profile, Refused, is_birthday
from users.services import profile, stages
from users.services.erased import erased_among
from users.services.imports import people
from users.services.imports.kinds import (
    KEY_FIELDS,
    Batch,
    Field,
    ImportKind,
    Options,
    Row,
    Verdict,
    Verdicts,
    Written,
    duplicate_of,
    refused,
    register,
)
from users.services.imports.people import Handle, Key
from users.services.imports.removal import Made, restore_profiles, take_out

ADDRESSES = ("email", "phone", "openid")
TOUCH = ("channel", "sourceCode")
"""What tells of the first touch; of a customer who has one, the file changes nothing."""


def _trait(name: str, prepare: Callable[[str, Options], Any] | None = None) -> Callable[[str, Options], Any]:
    """A cell as the trait ``name`` wants it; what the profile would ignore is refused here."""

    def read(cell: str, options: Options) -> Any:
        value = prepare(cell, options) if prepare else cell
        try:
            TRAITS[name].convert(value)
        except Refused:
            raise Unreadable(f"not_{name}") from None
        return value

    return read


def _day(cell: str, options: Options) -> str:
    return cells.day(cell, options.get("day_order", "")).isoformat()


def _instant(cell: str, options: Options) -> str:
    return cells.instant(cell, options.get("day_order", ""), shop_zone()).isoformat()


def _gender(cell: str, options: Options) -> str:
    word = cell.strip().lower()
    return {"女性": "女", "女士": "女", "男性": "男", "先生": "男"}.get(word, word)


def _text(cell: str, options: Options) -> str:
    return cells.text(cell, 50)


def _own(name: str, title: StrOrPromise, prepare: Any = None, *, is_date: bool = False) -> Field:
    return Field(name, title, _trait(name, prepare), is_date=is_date)


FIELDS = (
    *KEY_FIELDS,
    _own("name", pgettext_lazy("of a person", "Name")),
    _own("firstName", _("First name")),
    _own("lastName", _("Last name")),
    _own("gender", _("Gender"), _gender),
    _own("birthday", _("Birthday"), _day, is_date=True),
    _own("address.country", _("Country")),
    _own("address.region", _("Region")),
    _own("address.city", _("City")),
    _own("occupation", _("Occupation")),
    _own("industry", _("Industry")),
    _own("incomeBand", _("Income band")),
    _own("education", _("Education")),
    _own("interests", _("Interests"), lambda cell, options: cells.listed(cell)),
    _own("language", _("Language")),
    _own("timezone", _("Time zone")),
    Field("channel", _("Acquisition channel"), _text),
    Field("sourceCode", _("Source code"), _text),
    _own("platform", _("Platform")),
    _own("createdAt", _("Registered"), _instant, is_date=True),
    _own("noProfiling", _("No profiling"), lambda cell, options: cells.yes_or_no(cell)),
)


@dataclass(slots=True)
class Picture:
    """What is on record of the people that rows speak of."""

    profiles: dict[int, Profile]
    contacts: dict[tuple[int, str, str], bool]
    owners: dict[Key, int]
    user_ids: dict[int, str | None]
    channels: frozenset[str]
    touched: frozenset[int]
    erased: frozenset[Key]
    chosen: list[Row] = field(default_factory=list)
    heard: dict[int, Profile] = field(default_factory=dict)
    """What the profiles of known customers would be, by row."""


class Customers(ImportKind):
    """Customers with whatever is known of them."""

    name = "customers"
    title = _("Customers")
    about = _("Profiles, addresses and your own columns. Who is not known yet is added.")
    fields = FIELDS

    def mark(self, row: Row) -> str:
        """One customer."""
        return f"#{row.customer_id}" if row.customer_id else row.key

    def judge(self, groups: Sequence[list[Row]], batch: Batch) -> tuple[Verdicts, Picture]:
        """The first row of a customer is heard as the profile would hear it; the others repeat it."""
        seen = _look([group[0] for group in groups])
        verdicts: Verdicts = {}
        for first, *others in groups:
            verdicts[first.no] = verdict = _judge(first, seen, batch)
            verdicts |= {row.no: duplicate_of(first.no) for row in others}
            if verdict.fate in (Fate.NEW, Fate.CHANGES):
                seen.chosen.append(first)
        return verdicts, seen

    def write(
        self, plan: Picture, verdicts: Verdicts, batch: Batch
    ) -> dict[int, tuple[int | None, dict[str, Any]]]:
        """Profiles through the intake, then addresses and keys."""
        before = _kept(plan)
        handles, made = people.handles((row.customer_id for row in plan.chosen if row.customer_id), batch.now)
        handle_of = {row.no: _handle(row, handles, batch) for row in plan.chosen}
        people.apply_items(
            [
                people.item(
                    "identify", handle_of[row.no], batch.message_id(row.no), batch.told, traits=traits(row)
                )
                for row in plan.chosen
            ],
            batch,
        )
        owners = people.owners(handle.key for handle in handle_of.values())
        whose = {row.no: row.customer_id or owners[handle_of[row.no].key] for row in plan.chosen}
        told = {whose[row.no]: _addresses(row) for row in plan.chosen}
        reached = people.reach(told, batch)
        for row in plan.chosen:
            entry = before[row.no] | reached[whose[row.no]]
            entry["at"] = batch.now.isoformat()
            if row.customer_id in made:
                entry["handle"] = made[row.customer_id]
            before[row.no] = entry
        return {row.no: (whose[row.no], before[row.no]) for row in plan.chosen}

    def take_back(self, rows: Sequence[Written], batch: Batch) -> dict[int, str]:
        """Customers that were made are removed, others get back what they were."""
        made = [Made(row.no, row.customer_id, row.before) for row in rows if row.before.get("new")]
        others = [row for row in rows if not row.before.get("new")]
        return take_out(made, batch) | restore_profiles(others, batch)


def traits(row: Row) -> dict[str, Any]:
    """The traits that a row tells."""
    told: dict[str, Any] = {}
    for name, value in row.values.items():
        if name.startswith("attribute:"):
            told[name.partition(":")[2]] = value
        elif name in TOUCH or (name in TRAITS and "." not in name):
            told[name] = value
        elif name.startswith("address."):
            told.setdefault("address", {})[name.partition(".")[2]] = value
    return told


def _addresses(row: Row) -> dict[str, str]:
    return {name: row.values[name] for name in ADDRESSES if name in row.values}


def _keys(row: Row) -> list[Key]:
    return [(name, row.values[name]) for name in ("user_id", *ADDRESSES) if name in row.values]


def _look(rows: Sequence[Row]) -> Picture:
    ids = {row.customer_id for row in rows if row.customer_id}
    stages.lock(ids)
    strangers = [key for row in rows if row.customer_id is None for key in _keys(row)]
    return Picture(
        erased=frozenset(erased_among(strangers)),
        profiles=profile.on_record(ids),
        contacts=people.contacts_on_record(ids),
        owners=people.owners(key for row in rows for key in _keys(row)),
        user_ids=dict(Customer.objects.filter(pk__in=ids).values_list("pk", "user_id")),
        channels=frozenset(AcquisitionChannel.objects.values_list("slug", flat=True)),
        touched=frozenset(FirstTouch.objects.filter(customer__in=ids).values_list("customer_id", flat=True)),
    )


def _judge(row: Row, seen: Picture, batch: Batch) -> Verdict:
    if "channel" in row.values and row.values["channel"] not in seen.channels:
        return refused("no_such_channel", "channel", cell=row.values["channel"][:60])
    if "birthday" in row.values and not is_birthday(date.fromisoformat(row.values["birthday"]), batch.told):
        return refused("no_birthday", "birthday", cell=row.values["birthday"])
    user_id = row.values.get("user_id")
    theirs = seen.user_ids.get(row.customer_id) if row.customer_id else None
    if user_id and row.customer_id and theirs and theirs != user_id:
        return refused("other_user_id", "user_id", known=theirs)
    if user_id and seen.owners.get(("user_id", user_id), row.customer_id) != row.customer_id:
        return refused("key_of_another", "user_id", customer=seen.owners["user_id", user_id])
    detail = _shared(row, seen)
    if row.customer_id is None and (lost := next((key for key in _keys(row) if key in seen.erased), None)):
        return refused("erased", lost[0])
    if row.customer_id is None:
        return Verdict(Fate.NEW, detail=detail)
    changes = _changes(row, seen, batch, renames=bool(user_id and theirs is None))
    if not changes:
        return Verdict(Fate.UNCHANGED, detail=detail)
    return Verdict(Fate.CHANGES, detail={**detail, "changes": changes})


def _shared(row: Row, seen: Picture) -> dict[str, Any]:
    """Keys that belong to somebody else: perhaps the same person twice; the row is taken, the key stays."""
    for name, value in _keys(row):
        owner = seen.owners.get((name, value))
        if owner is not None and owner != row.customer_id:
            return {"shared": name, "with": owner}
    return {}


def _changes(row: Row, seen: Picture, batch: Batch, *, renames: bool) -> list[list[str]]:
    """What the row changes: [what, before, after], as the profile itself decides it."""
    assert row.customer_id is not None
    known = seen.profiles[row.customer_id]
    heard = Profile(dict(known.columns), dict(known.attributes), dict(known.told_at))
    heard.hear(traits(row), batch.told)
    seen.heard[row.no] = heard
    changes = [["user_id", "", row.values["user_id"]]] if renames else []
    for column in sorted(heard.changed - {"told_at", "attributes"}):
        changes.append([column, _shown(known.columns[column]), _shown(heard.columns[column])])
    for name in sorted(heard.attributes):
        if heard.attributes[name] != known.attributes.get(name):
            changes.append([name, _shown(known.attributes.get(name)), _shown(heard.attributes[name])])
    if row.customer_id not in seen.touched:
        changes += [[name, "", row.values[name]] for name in TOUCH if name in row.values]
    for name, address in _addresses(row).items():
        point = (row.customer_id, people.CONTACTS[name].value, address)
        if not seen.contacts.get(point):
            changes.append([name, "", address])
    return changes


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))[:80]
    return "" if value is None else str(value)[:80]


def _handle(row: Row, handles: Mapping[int, Handle], batch: Batch) -> Handle:
    """The customer's own handle; a row that tells a new userId tells it beside the handle of the visitor."""
    if row.customer_id is None:
        user_id = row.values.get("user_id")
        return Handle(user_id, None if user_id else batch.message_id(row.no))
    handle = handles[row.customer_id]
    if handle.user_id is None and row.values.get("user_id"):
        return Handle(row.values["user_id"], handle.anonymous_id)
    return handle


def _kept(plan: Picture) -> dict[int, dict[str, Any]]:
    """What undoing needs of the profiles: columns and attributes that change, with when they had been told."""
    kept: dict[int, dict[str, Any]] = {}
    for row in plan.chosen:
        if row.customer_id is None:
            kept[row.no] = {"new": True}
            continue
        known, heard = plan.profiles[row.customer_id], plan.heard[row.no]
        names = [
            name
            for name in heard.told_at
            if name[0] != "~" and heard.told_at[name] != known.told_at.get(name)
        ]
        kept[row.no] = {
            "columns": {
                n: [plain(known.columns[n]), known.told_at.get(n)] for n in names if not n.startswith("+")
            },
            "attributes": {
                n[1:]: [known.attributes.get(n[1:]), known.told_at.get(n)] for n in names if n.startswith("+")
            },
            "touch": row.customer_id not in plan.touched,
            "named": row.values.get("user_id") if plan.user_ids.get(row.customer_id) is None else None,
        }
    return kept


def plain(value: Any) -> Any:
    """A column's value as JSON keeps it."""
    return value.isoformat() if isinstance(value, datetime | date) else value


register(Customers())
