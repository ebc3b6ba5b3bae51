"""The door: right and wrong passwords, lock-out, no way to sign up, no way to be sent elsewhere."""

import pytest
import redis
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
