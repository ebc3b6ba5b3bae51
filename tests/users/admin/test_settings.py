"""Settings of the shop, stage thresholds, operators, audit trail, generic lists."""

import pytest
from django.urls import reverse
from django.utils import translation

from config.kit.refusal import Conflict, Refusal
from tests.operators import logged_in, operator
from users.admin.audit import difference
from users.models import AuditEntry, EventType, LifecycleRule, Operator, Role, Topic
from users.services import operators, settings
from users.shop import currency, shop_name

pytestmark = pytest.mark.django_db


def test_changed_settings_are_stored_and_audited() -> None:
    assert settings.change({"currency": "CNY", "shop_name": "Regulars Records"}, by=operator()) == [
        "currency"
    ]
    assert (currency.get(), shop_name.get()) == ("CNY", "Regulars Records")
    entry = AuditEntry.objects.get(act="settings.change")
    assert (entry.before, entry.after) == ({"currency": "USD"}, {"currency": "CNY"})
    assert settings.change({"currency": "CNY"}, by=operator()) == []


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("no_such_setting", 1, "unknown_setting"),
        ("currency", "cny", "bad_setting"),
        ("currency", "", "bad_setting"),
        ("currency", 7, "bad_setting"),
        ("shop_name", "  ", "bad_setting"),
        ("shop_name", "x" * 201, "bad_setting"),
        ("trigger_max_age", -1, "bad_setting"),
        ("trigger_max_age", True, "bad_setting"),
        ("trigger_max_age", 500_001, "bad_setting"),
        ("sending", 2, "bad_setting"),
        ("quiet_hours_sms", "late", "bad_setting"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(name: str, value: int | str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        settings.change({"shop_name": "Changed", name: value}, by=operator())
    assert (refused.value.code, refused.value.field) == (code, name)
    assert shop_name.get() == "Regulars Records"


def test_the_form_shows_the_refusal_beside_its_field() -> None:
    client = logged_in()
    url = reverse("users:shop")
    form = client.get(url).context["form"]
    values = {name: "" if field.initial is None else field.initial for name, field in form.fields.items()}
    response = client.post(url, values | {"currency": "XQQ"})
    assert response.context["form"].errors == {"currency": ["Write it like this: USD"]}
    assert client.post(url, values | {"currency": "EUR"}).status_code == 302
    assert currency.get() == "EUR"


def test_accepting_thresholds_makes_a_version_and_names_who() -> None:
    client = logged_in()
    values = {"new_for": 10, "dormant_after": 45, "churned_after": 120, "returning_for": 30}
    assert client.post(reverse("users:lifecycle"), values).status_code == 302
    rule = LifecycleRule.objects.latest("version")
    assert (LifecycleRule.objects.count(), rule.dormant_after, rule.accepted_by) == (2, 45, operator())
    assert not rule.proposed
    home = client.get(reverse("users:home"))
    steps = next(v for c, v in home.context["cards"] if c.name == "first-steps")["steps"]
    assert [done for step, done, _url in steps if step.name == "thresholds"] == [True]


def test_thresholds_out_of_order_are_refused() -> None:
    values = {"new_for": 10, "dormant_after": 45, "churned_after": 45, "returning_for": 30}
    response = logged_in().post(reverse("users:lifecycle"), values)
    assert response.status_code == 200
    assert response.context["form"].errors
    assert LifecycleRule.objects.count() == 1


def test_a_new_operator_can_log_in_and_no_name_is_taken_twice() -> None:
    client = logged_in()
    values = {
        "username": "nina",
        "name": "Nina",
        "email": "",
        "role": "support",
        "password": "unlikely-word-7",
    }
    assert client.post(reverse("users:operator_create"), values).status_code == 302
    nina = Operator.objects.get(username="nina")
    assert (nina.role, nina.is_staff, nina.check_password("unlikely-word-7")) == ("support", True, True)
    again = client.post(reverse("users:operator_create"), values | {"username": "Nina"})
    assert again.context["form"].errors == {"username": ["Somebody has this user name already."]}
    weak = client.post(
        reverse("users:operator_create"), values | {"username": "otto", "password": "password"}
    )
    assert "password" in weak.context["form"].errors


def test_the_last_owner_stays() -> None:
    owner = operator(Role.OWNER)
    with pytest.raises(Conflict) as refused:
        operators.change_operator(owner.pk, role=Role.ANALYST, is_active=True, by=owner)
    assert refused.value.code == "last_owner"
    with pytest.raises(Conflict):
        operators.change_operator(owner.pk, role=Role.OWNER, is_active=False, by=owner)
    assert Operator.objects.get(pk=owner.pk).role == Role.OWNER
    second = operator(Role.OPERATOR)
    operators.change_operator(second.pk, role=Role.OWNER, is_active=True, by=owner)
    operators.change_operator(owner.pk, role=Role.ANALYST, is_active=True, by=second)
    assert Operator.objects.get(pk=owner.pk).role == Role.ANALYST


def test_demo_operators_are_made_once_and_only_in_an_empty_shop() -> None:
    made = operators.make_demo_operators()
    assert [(o.username, o.role) for o in made] == [(name, role) for name, role in operators.DEMO_LOGINS]
    assert operators.make_demo_operators() == []


def test_no_demo_log_ins_outside_the_demo(settings) -> None:
    operators.make_demo_operators()
    settings.DEMO = False
    assert operators.demo_logins() == []
    page = logged_in().get(reverse("account_login"), follow=True)
    assert operators.DEMO_PASSWORD not in page.content.decode()


def test_what_changed_reads_as_a_line() -> None:
    assert difference({"role": "owner"}, {"role": "analyst"}) == "Role: Owner → Analyst"
    assert difference(None, {"tag": "jazz", "on": True}) == "Tag: jazz; Put on: yes"
    assert difference({"tag": "jazz"}, None) == "Tag: jazz → –"
    assert difference({"a": 1, "b": [1, 2]}, {"a": 1, "b": [1, 2, 3, 4, 5, 6]}) == "b: 1, 2 → 1, 2, 3, 4, 5 …"
    assert (
        difference(None, {"losses": {"capped": 2, "no_consent": 3}, "rule": {"all": []}})
        == "Not sent: 5; Rule:  …"
    )
    with translation.override("zh-hans"):
        assert difference({"state": "draft"}, {"state": "running"}) == "状态：草稿 → 进行中"
        assert difference(None, {"shop_name": "X"}) == "顾客看到的店铺名称：X"


def test_generic_lists_follow_the_roles_and_write_our_audit_trail() -> None:
    topic = Topic.objects.get(slug="news")
    url = reverse("admin:users_topic_change", args=[topic.pk])
    assert logged_in(Role.ANALYST).get(url).status_code == 200
    values = {"slug": "news", "name": "News", "name_zh": "新品"}
    assert logged_in(Role.ANALYST).post(url, values).status_code == 403
    assert logged_in(Role.OPERATOR).post(url, values).status_code == 302
    entry = AuditEntry.objects.get(act="topic.change")
    assert (entry.operator, entry.after) == (operator(Role.OPERATOR), {"fields": ["Name", "Name in Chinese"]})


def test_event_types_are_read_only() -> None:
    url = reverse("admin:users_eventtype_change", args=[EventType.objects.earliest("pk").pk])
    assert logged_in().get(url).status_code == 200
    assert logged_in().get(reverse("admin:users_eventtype_add")).status_code == 403


def test_audit_list_pages_through_everything() -> None:
    for number in range(55):
        AuditEntry.objects.create(at="2026-05-20T00:00Z", actor="x", act="test.act", target_name=str(number))
    client = logged_in()
    first = client.get(reverse("users:audit")).context["table"]
    second = client.get(reverse("users:audit"), {"cursor": first.next}).context["table"]
    assert [row[3] for row in (*first.rows, *second.rows)] == [str(n) for n in range(54, -1, -1)]


def test_two_who_edit_the_same_do_not_overwrite_each_other_unseen() -> None:
    """The second is told what was saved meanwhile, keeps what they wrote, and may then save on purpose."""
    client, url = logged_in(), reverse("users:shop")

    def opened() -> dict[str, object]:
        context = client.get(url).context
        return {one.name: one.initial for one in context["form"]} | {"seen": context["seen"]}

    first, second = opened(), opened()
    assert client.post(url, first | {"currency": "EUR"}).status_code == 302
    response = client.post(url, second | {"currency": "CNY", "shop_name": "Corner"})
    assert (currency.get(), shop_name.get()) == ("EUR", "Regulars Records")
    told = response.context["form"].non_field_errors()[0]
    assert "The shop's currency (ISO code): EUR" in told
    assert response.context["form"]["shop_name"].value() == "Corner"
    again = second | {"currency": "CNY", "shop_name": "Corner", "seen": response.context["seen"]}
    assert client.post(url, again).status_code == 302
    assert (currency.get(), shop_name.get()) == ("CNY", "Corner")
