"""Reading settings from the environment: right ones, and sentences for wrong ones."""

from pathlib import Path

import pytest

from config import env


@pytest.mark.parametrize(
    ("value", "expected"), [("1", True), ("yes", True), ("0", False), ("off", False), ("", True)]
)
def test_flags(monkeypatch: pytest.MonkeyPatch, value: str, expected: bool) -> None:
    monkeypatch.setenv("SOMETHING", value)
    assert env.flag("SOMETHING", default=True) is expected


def test_wrong_values_are_refused_with_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOMETHING", "maybe")
    with pytest.raises(env.BadSetting, match=r"set it to 1 .yes. or 0 .no."):
        env.flag("SOMETHING", default=True)
    with pytest.raises(env.BadSetting, match="whole number"):
        env.whole("SOMETHING", 1)
    with pytest.raises(env.BadSetting, match="one of: a, b"):
        env.one_of("SOMETHING", "a", {"b", "a"})
    monkeypatch.setenv("SOMETHING", "70000")
    with pytest.raises(env.BadSetting, match="from 1 to 65535"):
        env.whole("SOMETHING", 1, minimum=1, maximum=65535)


def test_database_urls() -> None:
    found = env.database("postgresql://anna:p%40ss@db.example.com:5433/shop?sslmode=require")
    assert found["NAME"] == "shop"
    assert (found["USER"], found["PASSWORD"]) == ("anna", "p@ss")
    assert (found["HOST"], found["PORT"]) == ("db.example.com", "5433")
    assert found["OPTIONS"] == {"sslmode": "require"}
    assert env.database("postgresql://anna@/shop?host=/var/run/x")["HOST"] == "/var/run/x"


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite:///x", "postgresql://host"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(env.BadSetting, match="DATABASE_URL"):
        env.database(url)


def test_celery_spells_sockets_its_own_way() -> None:
    assert env.broker("redis://host:6379/2") == "redis://host:6379/2"
    assert env.broker("unix:///run/redis.sock?db=3") == "redis+socket:///run/redis.sock?virtual_host=3"
    with pytest.raises(env.BadSetting, match="REDIS_URL"):
        env.broker("amqp://host")


def test_mail_urls() -> None:
    found = env.mail("smtp://shop:p%40ss@mail.example.com:587?tls=1")
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"], found["EMAIL_USE_TLS"]) == (
        "mail.example.com",
        587,
        True,
    )
    assert env.mail("smtps://mail.example.com")["EMAIL_PORT"] == 465
    with pytest.raises(env.BadSetting, match="EMAIL_URL"):
        env.mail("http://mail.example.com")


def test_the_secret_is_made_once_and_kept_from_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOMETHING", raising=False)
    made = env.secret("SOMETHING", tmp_path / "deep" / "secret")
    assert len(made) >= 64
    assert env.secret("SOMETHING", tmp_path / "deep" / "secret") == made
    assert (tmp_path / "deep" / "secret").stat().st_mode & 0o077 == 0
    monkeypatch.setenv("SOMETHING", "given")
    assert env.secret("SOMETHING", tmp_path / "deep" / "secret") == "given"
