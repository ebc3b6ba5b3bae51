"""Making API keys on the command line."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from users.models import AuditEntry, Scope
from users.services import api_keys


@pytest.mark.django_db
@pytest.mark.parametrize("scope", ["write", "server"])
def test_the_command_prints_the_key_alone_on_its_last_line(scope: str) -> None:
    out = StringIO()
    call_command("api_key", "create", "--name", "Shop", "--scope", scope, stdout=out)
    secret = out.getvalue().splitlines()[-1]
    key = api_keys.find(secret)
    assert key is not None
    assert (key.name, key.scope) == ("Shop", scope)
    entry = AuditEntry.objects.get(act="api_key.create")
    assert (entry.actor, entry.after) == ("system", {"name": "Shop", "scope": scope})
    assert secret not in f"{entry.after}{entry.target_name}"


@pytest.mark.django_db
def test_an_unknown_scope_is_refused() -> None:
    with pytest.raises(CommandError):
        call_command("api_key", "create", "--name", "Shop", "--scope", "root")


@pytest.mark.django_db
def test_revoking_twice_is_one_act() -> None:
    key, secret = api_keys.create(name="Shop", scope=Scope.WRITE, by=None)
    assert api_keys.find(secret) == key
    api_keys.revoke(key, by=None)
    api_keys.revoke(key, by=None)
    assert api_keys.find(secret) is None
    assert AuditEntry.objects.filter(act="api_key.revoke").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("secret", ["", "x" * 201, "rgw_\0", "rgw_\ud800"])
def test_what_cannot_be_a_key_is_none(secret: str) -> None:
    assert api_keys.find(secret) is None
