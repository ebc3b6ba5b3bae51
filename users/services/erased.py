"""Who was erased: keyed hashes of their identities, and the file of erasures that no restored dump can undo.

A hash is HMAC-SHA-256 with a key of its own (``ERASURE_KEY``), which no change of ``SECRET_KEY`` touches: from the
hash alone nobody learns an address, and with an
address somebody without the secret cannot ask whether it was erased.
"""

import hmac
import json
import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings

from config.kit.batches import execute, fetch
from users.identities import Key
from users.shop import erased_may_return

FILE = "erasures.jsonl"


def digest(key: Key) -> str:
    """The keyed hash of an identity (kind, value)."""
    secret = f"users.erased:{settings.ERASURE_KEY}".encode()
    return hmac.digest(secret, "\0".join(key).encode(), sha256).hex()


def erased_among(keys: Iterable[Key]) -> dict[Key, str]:
    """Which of these identities are those of erased customers, with their hashes; usually none, in one look."""
    if not fetch("SELECT 1 FROM users_erasedidentity LIMIT 1") or erased_may_return.get():
        return {}
    by_digest = {digest(key): key for key in keys}
    rows = fetch("SELECT digest FROM users_erasedidentity WHERE digest = ANY(%s)", [list(by_digest)])
    return {by_digest[found]: found for (found,) in rows}


def count_refused(digest: str, items: int, now: datetime) -> None:
    """Note that items were turned away; what they said is kept nowhere."""
    execute(
        "UPDATE users_erasedidentity SET refused = refused + %s, last_refused_at = %s WHERE digest = %s",
        [items, now, digest],
    )


def remember(customer_id: int, digests: Iterable[str], at: datetime) -> None:
    """Add one line to the file of erasures, on the disk when this returns.

    Called at the end of the erasing transaction: an erasure that was acknowledged is always in the file.
    """
    line = json.dumps({"at": at.isoformat(), "customer": customer_id, "identities": sorted(digests)})
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, f"{line}\n".encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def remembered() -> Iterator[dict[str, Any]]:
    """Every line of the file; a last line cut off by a crash is passed over."""
    path = _path()
    if not path.exists():
        return
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            try:
                yield json.loads(line)
            except ValueError:
                continue


def _path() -> Path:
    return Path(settings.DATA_DIR) / FILE
