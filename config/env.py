"""Typed readers for environment variables. A wrong one is refused with a sentence that says what to set."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

YES = {"1", "true", "yes", "on"}
NO = {"0", "false", "no", "off"}


class BadSetting(ImproperlyConfigured):
    """A variable has a value that cannot be meant; the message says what to write instead."""


def text(name: str, default: str = "") -> str:
    """The variable without surrounding blanks; an empty one counts as unset."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, default: bool) -> bool:
    """A yes or no."""
    value = text(name).lower()
    if not value:
        return default
    if value in YES:
        return True
    if value in NO:
        return False
    raise BadSetting(f"{name} is {value!r}; set it to 1 (yes) or 0 (no).")


def whole(name: str, default: int, *, minimum: int = 0, maximum: int = 2**31) -> int:
    """A whole number between minimum and maximum, both included."""
    value = text(name)
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        raise BadSetting(f"{name} is {value!r}; set it to a whole number.") from None
    if not minimum <= number <= maximum:
        raise BadSetting(f"{name} is {number}; set it to a number from {minimum} to {maximum}.")
    return number


def words(name: str, default: str = "") -> list[str]:
    """A list separated by commas."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def one_of(name: str, default: str, allowed: set[str]) -> str:
    """One of a few words."""
    value = text(name, default)
    if value not in allowed:
        raise BadSetting(f"{name} is {value!r}; set it to one of: {', '.join(sorted(allowed))}.")
    return value


def folder(name: str, default: Path) -> Path:
    """An absolute folder; relative ones count from where the process was started."""
    value = text(name)
    return Path(value).expanduser().resolve() if value else default


def database(url: str) -> dict[str, Any]:
    """The connection part of Django's DATABASES from `postgresql://user:password@host:port/name?sslmode=…`.

    `host=/folder` in the query names a folder with a unix socket.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise BadSetting(
            "DATABASE_URL does not name PostgreSQL; set it to postgresql://user:password@host:5432/name "
            "or unset it to use the embedded server."
        )
    options = dict(parse_qsl(parts.query))
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise BadSetting(
            "DATABASE_URL names no database; append one, as in postgresql://user@host:5432/regulars."
        )
    return {
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", "") or unquote(parts.hostname or ""),
        "PORT": options.pop("port", "") or (str(parts.port) if parts.port else ""),
        "OPTIONS": options,
    }


def broker(redis_url: str) -> str:
    """Celery's spelling of a Redis address: a unix socket is `redis+socket://` there."""
    parts = urlsplit(redis_url)
    if parts.scheme in {"redis", "rediss"}:
        return redis_url
    if parts.scheme != "unix":
        raise BadSetting(
            "REDIS_URL does not name Redis; set it to redis://host:6379/0 or unix:///path/to/socket?db=0, "
            "or unset it to use the embedded server."
        )
    number = dict(parse_qsl(parts.query)).get("db", "0")
    return f"redis+socket://{parts.path}?virtual_host={number}"


def mail(url: str) -> dict[str, Any]:
    """Django's EMAIL_* settings from `smtp://user:password@host:587?tls=1` (or `smtps://`)."""
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise BadSetting("EMAIL_URL must look like smtp://user:password@host:587?tls=1 or smtps://….")
    options = dict(parse_qsl(parts.query))
    implicit = parts.scheme == "smtps"
    return {
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if implicit else 25),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": implicit,
        "EMAIL_USE_TLS": not implicit and options.get("tls") in YES,
        "EMAIL_TIMEOUT": 15,
    }


def secret(name: str, path: Path, first: str = "") -> str:
    """The variable, or a secret kept in a file that is made on the first run and read by its owner only.

    ``first``: what it is when it is made; "" for a new random one.
    """
    given = text(name)
    if given:
        return given
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        return _new_secret(path, first)


def _new_secret(path: Path, first: str) -> str:
    import secrets

    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    value = first or secrets.token_urlsafe(64)
    with os.fdopen(handle, "w") as file:
        file.write(value)
    return value
