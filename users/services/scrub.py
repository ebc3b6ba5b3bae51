"""Removing one person from tables and places that are not kept by customer: what waits, answers, the audit trail.

A person is looked for by the exact identities on record, as whole JSON texts, and anywhere by what can only be
theirs: addresses, long ids, a name that nobody else bears. Bodies that a worker holds are left to it: it waits
for the erasure and then turns the person's items away.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.db.models import Model

from config.kit.batches import execute, fetch
from users.models import DeadLetter, IdempotencyRecord, IntakeBody
from users.privacy import Quote, Traces, stored

SHORTEST = 6
"""Characters of a name that may be looked for anywhere: shorter ones would be found in other people's data."""
LONG_ENOUGH = 10
"""Characters of an id that may be looked for anywhere: "100234" stands in order numbers and prices too."""


def tells_one_person(text: str) -> bool:
    """Whether a text may be looked for anywhere; others are looked for as whole JSON texts only."""
    return len(text) >= LONG_ENOUGH or (len(text) >= SHORTEST and ("@" in text or text.startswith("+")))


def scrub(told: Quote, traces: Traces) -> int:
    """Remove a person from a quoting table; how many rows were changed."""
    return told.clean(traces) if told.clean else empty_where_quoted(told.model, told.empties, traces)


def empty_where_quoted(model: type[Model], empties: Mapping[str, Any], traces: Traces) -> int:
    """Empty the columns of rows in which one of them quotes the person."""
    columns = stored(model, empties)
    sets = ", ".join(f'"{column}" = %({column})s' for column, _value in columns)
    return execute(
        f'UPDATE "{model._meta.db_table}" SET {sets} WHERE {_quoted(*(column for column, _value in columns))}',
        {**dict(columns), **_patterns(traces)},
    )


def _patterns(traces: Traces) -> dict[str, list[str]]:
    """LIKE patterns for texts that name the person: identities as whole JSON texts, long words anywhere."""
    whole = {f"%{_escaped(form)}%" for value in _values(traces) for form in _json_forms(value, whole=True)}
    words = {f"%{_escaped(form)}%" for word in traces.words for form in _json_forms(word, whole=False)}
    return {"whole": sorted(whole), "words": sorted(words)}


def _quoted(*columns: str) -> str:
    """The condition that one of the columns names the person; words count in capitals too."""
    return " OR ".join(
        f'"{column}"::text LIKE ANY(%(whole)s) OR "{column}"::text ILIKE ANY(%(words)s)' for column in columns
    )


def clean_bodies(traces: Traces) -> int:
    """Take the person's items out of bodies that wait; a body left empty goes."""
    changed = 0
    for body in IntakeBody.objects.filter(pk__in=_ids(IntakeBody, "items", traces)).select_for_update(
        skip_locked=True
    ):
        items = json.loads(body.items)
        kept = [item for item in items if not names(item, traces)] if isinstance(items, list) else []
        if kept:
            IntakeBody.objects.filter(pk=body.pk).update(items=json.dumps(kept))
        else:
            body.delete()
        changed += 1
    return changed


def clean_letters(traces: Traces) -> int:
    """Delete the dead letters that name the person."""
    found = [*_ids(DeadLetter, "item", traces), *_ids(DeadLetter, "detail", traces)]
    return DeadLetter.objects.filter(pk__in=found).delete()[0]


def clean_answers(traces: Traces) -> int:
    """Delete stored answers to the person's own calls; empty those to the shop's calls that name them."""
    own = IdempotencyRecord.objects.filter(caller__in=[f"shopper:{one}" for one in traces.ids]).delete()[0]
    return own + empty_where_quoted(IdempotencyRecord, {"answer": {"erased": True}}, traces)


def clean_audit(traces: Traces) -> int:
    """Acts on the person stay, with who and when; what they quoted goes."""
    about = [str(one) for one in traces.ids]
    return execute(
        "UPDATE users_auditentry SET target_name = '', before = NULL, after = NULL"
        " WHERE (target_kind = 'users.customer' AND target_id = ANY(%(ids)s))"
        f" OR target_id LIKE ANY(%(keys)s) OR {_quoted('target_name', 'before', 'after')}",
        {"ids": about, "keys": [f"({one}, %" for one in about], **_patterns(traces)},
    )


def names(item: Any, traces: Traces) -> bool:
    """Whether a JSON value says one of the person's identities as a whole text, or one of the words."""
    if isinstance(item, str):
        said = item.strip()
        return said in _values(traces) or any(word.lower() in said.lower() for word in traces.words)
    inner: Iterable[Any] = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
    return any(names(one, traces) for one in inner)


def clean_redis(traces: Traces) -> int:
    """Delete keys that name the person, in their name or their value."""
    needles = [word.encode() for word in traces.words]
    client = redis.Redis.from_url(settings.REDIS_URL)
    try:
        found = [key for key in client.scan_iter(count=1000) if _in_redis(client, key, needles)]
        return int(client.delete(*found)) if found else 0
    except redis.RedisError:
        return 0  # The cache is gone, and with it what it held.
    finally:
        client.close()


def clean_sink(traces: Traces) -> int:
    """Delete the demo's mails and text messages to the person's addresses."""
    needles = [word.lower().encode() for word in traces.words]
    return _clean_files(Path(settings.SINK_DIR), needles)


def _clean_files(folder: Path, needles: list[bytes]) -> int:
    removed = 0
    for path in folder.rglob("*") if folder.exists() else ():
        if path.is_file() and any(needle in path.read_bytes().lower() for needle in needles):
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def _in_redis(client: Any, key: bytes, needles: list[bytes]) -> bool:
    readers: dict[bytes, Callable[[], Iterable[bytes | None]]] = {
        b"string": lambda: [client.get(key)],
        b"list": lambda: client.lrange(key, 0, -1),
        b"set": lambda: client.smembers(key),
        b"zset": lambda: client.zrange(key, 0, -1),
        b"hash": lambda: [part for pair in client.hgetall(key).items() for part in pair],
    }
    read = readers.get(client.type(key))
    held = [key, *(part or b"" for part in (read() if read else ()))]
    return any(needle in part for part in held for needle in needles)


def _values(traces: Traces) -> set[str]:
    return {value for _kind, value in traces.identities} | set(traces.words)


def _ids(model: type[Model], column: str, traces: Traces) -> list[int]:
    rows = fetch(f'SELECT id FROM "{model._meta.db_table}" WHERE {_quoted(column)}', _patterns(traces))
    return [row[0] for row in rows]


def _json_forms(value: str, *, whole: bool) -> set[str]:
    """A text as JSON writes it, with characters kept and with them escaped; ``whole`` with its quotes."""
    forms = {json.dumps(value), json.dumps(value, ensure_ascii=False)}
    return forms if whole else {form[1:-1] for form in forms} | {value}


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
