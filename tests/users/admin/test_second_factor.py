"""The second factor: demanded of whoever sends or exports, each code once, reset by an owner, every step audited."""

from collections.abc import Callable, Iterator

import pytest
import redis
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from campaigns.admin.page import CampaignPage
from config.kit.admin import OperatorPage
from feedback.admin.conversation import ConversationPage
from segments.admin.webhooks import WebhookPage
from tests.operators import logged_in, operator
from users.models import AuditEntry, Export, Operator, Role
from users.powers import held_by
from users.shop import second_factor

pytestmark = pytest.mark.django_db
PASSWORD = "a long password"
SET_UP = reverse("mfa_activate_totp")
SENDING_OR_EXPORTING = {"owner", "operator", "analyst", "support", "approver"}


@pytest.fixture(autouse=True)
def _nobody_has_failed_yet(redis_client: redis.Redis) -> None:
    """Log-ins are counted in Redis."""


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], int]:
    """Moves the half minute in which the tests live; the number of that half minute."""
    (_before, began, _after) = map(int, auth.yield_hotp_counters_from_time())
    at = [began]
    monkeypatch.setattr(auth, "yield_hotp_counters_from_time", lambda: [at[0] - 1, at[0], at[0] + 1])

    def move(by: int) -> int:
        at[0] += by
        return at[0]

    return move


def person(role: str = Role.OPERATOR) -> Operator:
    """An operator with a password, and no second factor yet."""
    found = operator(role)
    found.factor_at = None
    found.set_password(PASSWORD)
    found.save()
    return found


def entered(who: Operator, code: str = "", language: str = "en") -> Client:
    """A browser after the password, and after the code if there is one."""
    client = Client(headers={"Accept-Language": language})
    client.post(reverse("account_login"), {"login": who.username, "password": PASSWORD})
    if code:
        client.post(reverse("mfa_authenticate"), {"code": code})
    return client


def code_of(secret: str, counter: int) -> str:
    return str(auth.format_hotp_value(auth.hotp_value(secret, counter)))


def set_up(client: Client, counter: int) -> str:
    """Goes through the set-up; the secret in the app."""
    client.get(SET_UP)
    secret: str = client.session["mfa.totp.secret"]
    answer = client.post(SET_UP, {"code": code_of(secret, counter)})
    assert answer["Location"] == reverse("mfa_view_recovery_codes")
    return secret


def opens(client: Client) -> bool:
    return client.get(reverse("users:home")).status_code == 200


def acts() -> list[tuple[str, str]]:
    found = AuditEntry.objects.exclude(act="settings.change").order_by("pk")
    return list(found.values_list("act", "actor"))


@pytest.mark.parametrize("role", Role.values)
def test_who_sends_or_exports_does_nothing_else_before(role: str) -> None:
    client = entered(person(role))
    asked = {
        name: client.get(reverse(name)) for name in ("users:home", "users:export_create", "users:settings")
    }
    led = {name for name, answer in asked.items() if answer.headers.get("Location") == SET_UP}
    assert led == (set(asked) if role in SENDING_OR_EXPORTING else set())
    assert bool(held_by(role)) == (role in SENDING_OR_EXPORTING)


def test_nothing_is_done_by_what_was_posted_and_the_way_out_is_open() -> None:
    person(Role.ANALYST)
    client = logged_in(Role.ANALYST)
    answer = client.post(reverse("users:export_create"), {"columns": ["user_id"], "form": "csv"})
    assert (answer["Location"], Export.objects.count()) == (SET_UP, 0)
    part = client.get(reverse("users:customers"), headers={"HX-Request": "true"})
    assert (part.status_code, part["HX-Redirect"], part.content) == (204, SET_UP, b"")
    assert client.get(reverse("admin:users_topic_changelist"))["Location"] == SET_UP
    proof = client.get(SET_UP)  # nobody sets up a factor on a screen that was left open
    assert proof["Location"].startswith(reverse("account_reauthenticate"))
    assert client.get(proof["Location"]).status_code == 200
    client.post(reverse("admin:logout"))
    assert "_auth_user_id" not in client.session


def test_set_up_once_then_a_code_at_every_log_in_and_each_code_once(later: Callable[[int], int]) -> None:
    who = person()
    client = entered(who)
    assert client.get(reverse("users:home"))["Location"] == SET_UP
    wrong = client.post(SET_UP, {"code": "12"}).content.decode()
    assert "This code is wrong, too old or was used before." in wrong
    secret = set_up(client, later(0))
    assert opens(client)
    assert [opens(entered(who)), opens(entered(who, code_of(secret, later(0))))] == [False, False]
    code = code_of(secret, later(1))
    assert [opens(entered(who, code)), opens(entered(who, code))] == [True, False]
    assert acts() == [("operator.set_factor", str(who))]


def test_a_used_code_stays_used_when_redis_is_emptied(
    later: Callable[[int], int], redis_client: redis.Redis
) -> None:
    who = person()
    secret = set_up(entered(who), later(0))
    code = code_of(secret, later(1))
    assert opens(entered(who, code))
    redis_client.flushdb()
    assert not opens(entered(who, code))
    assert not opens(entered(who, code_of(secret, later(0) - 1)))  # nor one from before it
    assert opens(entered(who, code_of(secret, later(0) + 1)))  # a telephone that is half a minute ahead


def test_recovery_codes_open_once_and_new_ones_end_them(later: Callable[[int], int]) -> None:
    who = person()
    client = entered(who)
    set_up(client, later(0))
    shown = client.get(reverse("mfa_view_recovery_codes")).context["unused_codes"]
    assert len(set(shown)) == 10
    assert [opens(entered(who, shown[0])), opens(entered(who, shown[0]))] == [True, False]
    client.post(reverse("mfa_generate_recovery_codes"))
    assert not opens(entered(who, shown[1]))
    assert acts()[-1] == ("operator.renew_recovery", str(who))


def test_five_wrong_codes_close_the_door(later: Callable[[int], int]) -> None:
    who = person()
    secret = set_up(entered(who), later(0))
    client = entered(who)
    for _ in range(5):
        client.post(reverse("mfa_authenticate"), {"code": "000000"})
    client.post(reverse("mfa_authenticate"), {"code": code_of(secret, later(1))})
    assert not opens(client)


def test_other_sessions_end_when_the_factor_comes_and_when_it_is_reset(later: Callable[[int], int]) -> None:
    who = person()
    stale, client = entered(who), entered(who)
    set_up(client, later(0))
    assert "_auth_user_id" in client.session
    assert stale.get(reverse("users:home"))["Location"].startswith(reverse("account_login"))
    page = reverse("users:operator", args=[who.pk])
    answer = logged_in().post(page, {"reset": "1"}, follow=True)
    assert "The second factor is reset" in answer.content.decode()
    assert client.get(reverse("users:home"))["Location"].startswith(reverse("account_login"))
    assert (Authenticator.objects.count(), acts()[-1]) == (0, ("operator.reset_factor", str(operator())))
    assert entered(who).get(reverse("users:home"))["Location"] == SET_UP
    again = logged_in(Role.READ_ONLY).post(page, {"reset": "1"})
    assert again.status_code == 403


def test_an_only_owner_is_let_in_from_the_command_line(later: Callable[[int], int]) -> None:
    who = person(Role.OWNER)
    set_up(entered(who), later(0))
    call_command("reset_second_factor", who.username)
    assert (Authenticator.objects.count(), acts()[-1]) == (0, ("operator.reset_factor", "command line"))
    for name in (who.username, "nobody"):
        with pytest.raises(CommandError):
            call_command("reset_second_factor", name)


def test_where_it_is_demanded_nobody_takes_it_off(later: Callable[[int], int]) -> None:
    who = person()
    client = entered(who)
    set_up(client, later(0))
    said = client.post(reverse("mfa_deactivate_totp")).content.decode()
    assert "the shop demands a second factor" in said
    assert Authenticator.objects.filter(user=who).count() == 2
    second_factor.set(0)
    client.post(reverse("mfa_deactivate_totp"))
    assert (Authenticator.objects.count(), acts()[-1][0]) == (0, "operator.remove_factor")
    assert opens(client)
    who.refresh_from_db()
    assert who.factor_at is None


def test_without_it_the_pages_say_so_and_who_changed_it_is_kept() -> None:
    second_factor.set(0)
    person(Role.OWNER)
    client = logged_in()
    warning = "No second factor is demanded"
    pages = [reverse("users:operators"), reverse("users:settings")]
    assert [warning in client.get(page).content.decode() for page in pages] == [True, True]
    client.post(pages[0], {"demand": "1"})
    assert (client.get(pages[0])["Location"], second_factor.get()) == (SET_UP, 1)
    entry = AuditEntry.objects.get(act="settings.change")
    told = ({"second_factor": 0}, {"second_factor": 1}, str(operator()))
    assert (entry.before, entry.after, entry.actor) == told
    second_factor.set(0)
    assert warning in logged_in(Role.SUPPORT).get(pages[1]).content.decode()
    assert logged_in(Role.OPERATOR).post(pages[0], {"demand": "1"}).status_code == 403
    assert second_factor.get() == 0
    assert client.get(reverse("users:shop")).context["form"].fields.get("second_factor") is None


def test_the_pages_in_chinese(later: Callable[[int], int]) -> None:
    who = person(Role.OWNER)
    client = entered(who, language="zh-hans")
    seen = [client.get(SET_UP).content.decode()]
    set_up(client, later(0))
    for name in (
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
        "mfa_index",
        "mfa_deactivate_totp",
    ):
        seen.append(client.get(reverse(name)).content.decode())
    seen.append(client.get(reverse("users:operators")).content.decode())
    seen.append(entered(who, language="zh-hans").get(reverse("mfa_authenticate")).content.decode())
    assert ["两步验证" in page for page in seen[:1] + seen[3:]] == [True] * 5
    assert ["恢复码" in page for page in seen[1:3]] == [True, True]
    assert [word for page in seen for word in (">Second factor<", "recovery codes") if word in page] == []


# Pages that hand out a file: those that name customers, and those that hold figures or pictures only.
NAMES_CUSTOMERS = {"CustomerList", "ExportFile", "ImportPage", "PrivacyPage", "SegmentHistory"}
FIGURES = {"ChannelsReport", "FunnelPage", "RetainedPage", "RetentionPage", "QrPicture", "ValuePage"}


def test_who_gets_a_file_with_names_holds_a_power() -> None:
    """A page that hands out a file of another kind belongs on one of the two lists."""
    pages = {page.__name__: page for page in _with_their_own(OperatorPage, "get_file")}
    assert set(pages) == NAMES_CUSTOMERS | FIGURES
    may = {role for name in NAMES_CUSTOMERS for role in pages[name].roles_that_act}
    assert all(held_by(role) for role in may)
    sending = {CampaignPage, WebhookPage, ConversationPage}
    assert all(held_by(role) for page in sending for role in page.roles_that_act)


def _with_their_own(page: type[OperatorPage], method: str) -> Iterator[type[OperatorPage]]:
    for below in page.__subclasses__():
        if method in vars(below):
            yield below
        yield from _with_their_own(below, method)
