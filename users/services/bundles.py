"""Bundles of everything that is held about one customer: JSON for machines, a page in each language for people.

A long job writes one table per chunk and packs them at the end. The file stands under the data folder, is named
by a random key, goes to nobody but who may have it, and goes away by itself.
"""

import json
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from config.kit import words
from config.kit.refusal import NotFound, Refusal
from users.models import Customer, DataExport, LongJob, Operator
from users.privacy import Holding, in_order
from users.services import audit
from users.services.long_jobs import OPEN, Chunk, runs, start
from users.shop import currency, shop_name

EXPORT = "users.export_customer"
KEPT = timedelta(days=7)
LANGUAGES = ("en", "zh-hans")


@transaction.atomic
def ask(customer_id: int, *, by: Operator | None, actor: str = "", now: datetime) -> DataExport:
    """Ask for a bundle, or get the one under way. Refuses for an erased customer."""
    customer = Customer.objects.select_for_update(no_key=True).get(pk=customer_id)
    if customer.erased_at is not None:
        raise Refusal("already_erased", _("The data of this customer has been erased already."))
    open_one = DataExport.objects.filter(
        customer=customer, ready_at__isnull=True, job__state__in=OPEN
    ).first()
    if open_one is not None:
        return open_one
    audit.record("customer.export", by=by, actor=actor, target=customer)
    key = uuid4()
    job = start(
        EXPORT,
        title=lambda: _("Copy of the data of customer %(number)s") % {"number": customer_id},
        by=by,
        parameters={"customer": customer_id, "key": str(key)},
        total=len(_shown()) + 1,
        actor=actor,
    )
    return DataExport.objects.create(
        key=key, customer=customer, job=job, by=by, asked_at=now, expires_at=now + KEPT
    )


def latest(customer_id: int, now: datetime) -> DataExport | None:
    """The newest bundle that has not expired."""
    return (
        DataExport.objects.filter(customer_id=customer_id, expires_at__gt=now)
        .select_related("job")
        .order_by("-asked_at")
        .first()
    )


def opened(customer_id: int, key: UUID, now: datetime) -> Path:
    """The file of a customer's bundle. Raises NotFound for another's, one not ready, or an expired one."""
    found = DataExport.objects.filter(
        pk=key, customer_id=customer_id, ready_at__isnull=False, expires_at__gt=now
    ).exists()
    path = _file(key)
    if not found or not path.exists():
        raise NotFound(_("There is no such file, or it has expired."))
    return path


def delete_of(customer_ids: list[int]) -> int:
    """Delete the bundles of customers, files included; how many."""
    return _delete(
        list(DataExport.objects.filter(customer_id__in=customer_ids).values_list("key", flat=True))
    )


def delete_expired(now: datetime) -> int:
    """Delete bundles whose time is over, and files that nobody knows any more; how many."""
    gone = _delete(list(DataExport.objects.filter(expires_at__lte=now).values_list("key", flat=True)))
    known = {str(key) for key in DataExport.objects.values_list("key", flat=True)}
    for path in _folder().glob("*") if _folder().exists() else ():
        if path.name.partition(".")[0] not in known:
            _remove(path)
            gone += 1
    return gone


@runs(EXPORT)
def _chunk(job: LongJob, now: datetime) -> Chunk:
    """One table, or the packing after the last."""
    customer_id, key = int(job.parameters["customer"]), UUID(job.parameters["key"])
    if not DataExport.objects.filter(pk=key).exists():
        return Chunk(finished=True)  # erased or joined meanwhile
    shown = _shown()
    if job.done < len(shown):
        holding = shown[job.done]
        _write_part(key, holding, customer_id)
        return Chunk(done=1, step=str(holding.title))
    size = _pack(key, customer_id, now)
    DataExport.objects.filter(pk=key).update(ready_at=now, size=size)
    return Chunk(done=1, finished=True, result={"bytes": size})


def _shown() -> list[Holding]:
    return [holding for holding in in_order() if holding.columns]


def rows_of(holding: Holding, customer_id: int) -> Iterator[dict[str, Any]]:
    """The customer's rows of one table, as they are kept."""
    rows = holding.model._default_manager.filter(**{holding.customer: customer_id}).order_by(*holding.order)
    told_in = {} if holding.currency is None else {"currency": holding.currency}
    return iter(rows.values(*holding.columns, **told_in).iterator(chunk_size=2000))


def _write_part(key: UUID, holding: Holding, customer_id: int) -> None:
    folder = _parts(key)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / f"{holding.model._meta.label}.jsonl").open("w", encoding="utf-8") as part:
        for row in rows_of(holding, customer_id):
            part.write(json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False) + "\n")


def _pack(key: UUID, customer_id: int, now: datetime) -> int:
    target = _file(key)
    partial = target.with_suffix(".part")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as bundle:
        for holding in _shown():
            label = holding.model._meta.label
            bundle.write(_parts(key) / f"{label}.jsonl", f"data/{label}.jsonl")
        for language in LANGUAGES:
            bundle.writestr(f"{language}.html", _page(key, customer_id, language, now))
    partial.chmod(0o600)
    partial.rename(target)
    _remove(_parts(key))
    return target.stat().st_size


def _page(key: UUID, customer_id: int, language: str, now: datetime) -> str:
    with translation.override(language), timezone.override(words.shop_zone()):
        sections = [
            (holding.title, list(holding.columns.values()), list(_said(key, holding))) for holding in _shown()
        ]
        values = {"sections": sections, "shop": shop_name.get(), "at": now, "language": language}
        return render_to_string("users/bundle.html", values)


def _said(key: UUID, holding: Holding) -> Iterator[list[str]]:
    fields = holding.model._meta.concrete_fields
    labels = {field.name: dict(field.flatchoices) for field in fields if field.choices}
    with (_parts(key) / f"{holding.model._meta.label}.jsonl").open(encoding="utf-8") as part:
        for line in part:
            row = json.loads(line)
            yield [
                str(labels[name].get(row[name], row[name]))
                if name in labels
                else _value(row[name], _currency(name, row, holding))
                for name in holding.columns
            ]


def _currency(name: str, row: Mapping[str, Any], holding: Holding) -> str:
    """The currency of a column of money; "" for any other column."""
    if name in holding.money:
        return str(row.get("currency") or currency.get())
    return currency.get() if name in holding.shop_money else ""


def _value(value: Any, money: str = "") -> str:
    """A value as people read it."""
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(_value(one) for one in value)
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_value(inner)}" for name, inner in value.items())
    if money and isinstance(value, int):
        return words.money(value, money)
    if isinstance(value, int | float | Decimal):
        return words.number(value)
    text = str(value)
    at = parse_datetime(text) if len(text) > 10 and text[4:5] == "-" else None
    return words.absolute(at) if at and at.tzinfo else text


def _delete(keys: list[UUID]) -> int:
    for key in keys:
        _remove(_file(key))
        _remove(_parts(key))
    return DataExport.objects.filter(pk__in=keys).delete()[0]


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except (IsADirectoryError, PermissionError):  # the parts, which the job may be writing at this moment
        shutil.rmtree(path, ignore_errors=True)


def _folder() -> Path:
    """Not that of the exports: what is unknown here is removed."""
    return Path(settings.DATA_DIR) / "copies"


def _file(key: UUID) -> Path:
    _folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    return _folder() / f"{key}.zip"


def _parts(key: UUID) -> Path:
    return _folder() / f"{key}.parts"
