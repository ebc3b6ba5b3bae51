"""The door: right and wrong passwords, lock-out, no way to sign up, no way to be sent elsewhere."""

import pytest
import redis
from allauth.mfa.totp.internal import auth
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from tests.operators import operator
from users.models import Operator, Role

pytestmark = pytest.mark.django_db
PASSWORD = "a long password"


@pytest.fixture
def person(redis_client: redis.Redis) -> Operator:
    """Somebody with a password; nobody has failed to log in yet."""
    found = operator()
    found.set_password(PASSWORD)
    found.save()
    return found


def log_in(client: Client, person: Operator, password: str, **more: str) -> str:
    """The address that the log-in leads to; empty when it was refused."""
    values = {"login": person.username, "password": password, **more}
    return client.post(reverse("account_login"), values).headers.get("Location", "")


def test_the_right_password_opens(person: Operator) -> None:
    assert log_in(Client(), person, PASSWORD) == reverse("users:home")
    assert log_in(Client(), person, PASSWORD, next="/admin/customers/") == "/admin/customers/"
    assert log_in(Client(), person, PASSWORD, next="https://elsewhere.example/") == reverse("users:home")


def test_five_wrong_passwords_lock_the_name_out(person: Operator) -> None:
    client = Client()
    assert [log_in(client, person, "wrong") for _ in range(5)] == [""] * 5
    assert log_in(client, person, PASSWORD) == ""
    assert client.get(reverse("users:home")).status_code == 302


def test_ten_wrong_passwords_lock_the_address_out_whatever_the_names(person: Operator) -> None:
    client, elsewhere = Client(REMOTE_ADDR="192.0.2.7"), Client(REMOTE_ADDR="192.0.2.8")
    for number in range(10):
        client.post(reverse("account_login"), {"login": f"nobody{number}", "password": "wrong"})
    assert [log_in(client, person, PASSWORD), bool(log_in(elsewhere, person, PASSWORD))] == ["", True]


def test_a_locked_out_operator_cannot_log_in(person: Operator) -> None:
    person.is_active = False
    person.save()
    client = Client()
    log_in(client, person, PASSWORD)
    assert client.get(reverse("users:home")).status_code == 302


def test_nobody_signs_up(person: Operator) -> None:
    values = {"username": "eve", "password1": PASSWORD, "password2": PASSWORD}
    Client().post(reverse("account_signup"), values)
    assert not Operator.objects.filter(username="eve").exists()


def test_the_door_has_the_strict_policy(person: Operator) -> None:
    policy = Client().get(reverse("account_login"))["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy


def test_the_first_operator_of_a_new_shop_is_its_owner() -> None:
    call_command("createsuperuser", "--noinput", "--username", "mei", "--email", "mei@shop.example")
    assert Operator.objects.get(username="mei").role == Role.OWNER


def test_a_second_factor_is_asked_for_and_each_code_works_once(
    person: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = max(auth.yield_hotp_counters_from_time())
    monkeypatch.setattr(auth, "yield_hotp_counters_from_time", lambda: [counter])  # the half minute lasts
    secret = auth.generate_totp_secret()
    auth.TOTP.activate(person, secret)

    def open_with(code: str) -> int:
        client = Client()
        assert log_in(client, person, PASSWORD) == reverse("mfa_authenticate")
        assert client.get(reverse("users:home")).status_code == 302
        client.post(reverse("mfa_authenticate"), {"code": code})
        return client.get(reverse("users:home")).status_code

    code = auth.format_hotp_value(auth.hotp_value(secret, counter))
    assert [open_with(code), open_with(code)] == [200, 302]
    assert open_with(f"{(int(code) + 1) % 10**6:06}") == 302
