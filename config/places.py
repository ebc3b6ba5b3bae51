"""Where the embedded servers listen: pure paths, shared by the settings and by what starts them."""

import hashlib
import os
from pathlib import Path

LONGEST_SOCKET = 103
"""Bytes of a unix socket's path that every supported system takes (Linux 107, macOS 103)."""


def socket_folder(data: Path, server: str) -> Path:
    """The folder of a server's socket: inside its data, or a short one in /tmp when that is too long."""
    inside = data / server / "socket"
    if len(os.fsencode(inside / ".s.PGSQL.5432.lock")) <= LONGEST_SOCKET:
        return inside
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    return Path("/tmp") / f"regulars-{os.getuid()}-{digest}" / server


def postgres_url(data: Path, name: str = "regulars") -> str:
    """DATABASE_URL of the embedded PostgreSQL under `data`."""
    return f"postgresql://postgres@/{name}?host={socket_folder(data, 'postgres')}"


def redis_url(data: Path, number: int = 0) -> str:
    """REDIS_URL of the embedded Redis under `data`."""
    return f"unix://{socket_folder(data, 'redis')}/redis.sock?db={number}"
