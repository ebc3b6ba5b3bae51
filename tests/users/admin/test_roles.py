"""Who may open and change what: every address of users' pages with every role."""

import re
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from config.kit import clock
from config.kit.admin import may_open
from tests.operators import logged_in, operator
from tests.users.door import customer, identify, send, track
from tests.users.files.hands import check, csv_bytes, upload
from users.admin import urls
from users.models import AcquisitionChannel, Category, Product, Role, SourceCode, Tag

pytestmark = pytest.mark.django_db
LINK = re.compile(r'<a [^>]*?href="(/admin/[^"#]*)')

EVERYBODY = set(Role.values)
OWNER = {Role.OWNER.value}
# Address name → (roles that see it, roles that may post to it).
MATRIX: dict[str, tuple[set[str], set[str]]] = {
    "home": (EVERYBODY, OWNER),
    "search": (EVERYBODY, OWNER),
    "customers": (EVERYBODY, OWNER),
    "customer_columns": (set(), EVERYBODY),
    "customer": (EVERYBODY, OWNER | {"operator", "support"}),
    "privacy": (OWNER | {"operator", "support"}, OWNER | {"operator", "support"}),
    "moves": (EVERYBODY, OWNER),
    "orders": (EVERYBODY, OWNER),
    "order": (EVERYBODY, OWNER),
    "rates": (EVERYBODY, OWNER | {"operator"}),
    "warranty": (EVERYBODY, OWNER | {"operator", "support"}),
    "products": (EVERYBODY, OWNER),
    "product": (EVERYBODY, OWNER | {"operator"}),
    "categories": (EVERYBODY, OWNER),
    "category": (EVERYBODY, OWNER | {"operator"}),
    "active": (EVERYBODY, OWNER),
    "ladder": (EVERYBODY, OWNER),
    "reports": (EVERYBODY, OWNER),
    "tags": (EVERYBODY, OWNER | {"operator"}),
    "tag": (EVERYBODY, OWNER | {"operator"}),
    "imports": (OWNER | {"operator", "analyst"}, OWNER),
    "import_create": (OWNER | {"operator"}, OWNER | {"operator"}),
    "import_columns": (OWNER | {"operator", "analyst"}, OWNER | {"operator"}),
    "import": (OWNER | {"operator", "analyst"}, OWNER | {"operator"}),
    "export_create": (OWNER | {"operator", "analyst"}, OWNER | {"operator", "analyst"}),
    "features": (EVERYBODY, OWNER),
    "rfm": (EVERYBODY, OWNER),
    "core": (EVERYBODY, OWNER),
    "repurchase": (EVERYBODY, OWNER),
    "model": (EVERYBODY, OWNER),
    "leaders": (EVERYBODY, OWNER),
    "retention": (EVERYBODY, OWNER),
    "retained": (EVERYBODY, OWNER),
    "funnel": (EVERYBODY, OWNER),
    "ltv": (EVERYBODY, OWNER),
    "portrait": (EVERYBODY, OWNER),
    "flows": (EVERYBODY, OWNER),
    "activity": (EVERYBODY, OWNER),
    "settings": (EVERYBODY, OWNER),
    "shop": (EVERYBODY, OWNER),
    "lifecycle": (EVERYBODY, OWNER),
    "keeping": (EVERYBODY, OWNER),
    "operators": (OWNER, OWNER),
    "operator_create": (OWNER, OWNER),
    "operator": (OWNER, OWNER),
    "acquisition_channels": (EVERYBODY, OWNER | {"operator"}),
    "acquisition_channel_create": (EVERYBODY, OWNER | {"operator"}),
    "acquisition_channel": (EVERYBODY, OWNER | {"operator"}),
    "channel_clues": (EVERYBODY, OWNER | {"operator"}),
    "channels": (EVERYBODY, OWNER),
    "costs": (EVERYBODY, OWNER | {"operator", "analyst"}),
    "sources": (EVERYBODY, OWNER | {"operator"}),
    "source_create": (EVERYBODY, OWNER | {"operator"}),
    "source": (EVERYBODY, OWNER | {"operator"}),
    "source_change": (EVERYBODY, OWNER | {"operator"}),
    "source_qr": (EVERYBODY, OWNER),
    "audit": (OWNER | {"approver", "analyst"}, OWNER),
}
# Pages of other owners, with matrices of their own.
ELSEWHERE = {
    *("jobs", "dead_letters", "dead_letter", "api_keys", "api_key_create"),
    *("customer_edit", "customer_consent", "join", "reach", "attributes", "attribute"),
    *("connections", "connection_create", "connection", "connection_secret"),
    *("storefronts", "storefront_create", "storefront_secret"),
    "customers_picked",  # leads on: tests/users/admin/test_picking.py
    "untag_group",
    "erased",  # only of an erased one: tests/users/admin/test_privacy.py
    "tag_group",  # only with a group: tests/users/files/test_tags.py
    "export_file",  # whose it is decides: tests/users/files/test_exports.py
}
ANSWERS_POST = {
    *("customer_columns", "rates", "warranty", "product", "category"),
    *("customer", "privacy", "keeping", "shop", "lifecycle", "operator_create", "operator"),
    *("tags", "tag", "import_create", "import_columns", "import", "export_create"),
    *("acquisition_channel_create", "acquisition_channel", "channel_clues", "costs"),
    *("source_create", "source", "source_change"),
}


def source() -> SourceCode:
    store = AcquisitionChannel.objects.get(slug="store")
    found, _made = SourceCode.objects.get_or_create(
        code="west-7",
        defaults={
            "name": "West", "channel": store, "owner_kind": "store", "owner": "West",
            "target": "http://localhost/", "created_at": clock.now(),
        },
    )  # fmt: skip
    return found


def address(name: str) -> str:
    if name in ("order", "warranty"):
        told = {
            "order_id": "A/1",
            "total": 5,
            "products": [{"product_id": "p", "category": "Music", "price": 5}],
        }
        send(track("Order Completed", at=clock.now(), user="alice", message_id="a1", **told))
        of = [customer("alice").pk, *(("shop", "A/1") if name == "order" else ())]
        return reverse(f"users:{name}", args=of)
    if name in ("product", "category"):
        made = Product.objects.get_or_create(product_id="p1")[0] if name == "product" else None
        found = made or Category.objects.get_or_create(name="Music", path="Music")[0]
        return reverse(f"users:{name}", args=[found.pk])
    if name in ("customer", "privacy"):
        send(identify(at=clock.now(), user="alice", name="Alice"))
        return reverse(f"users:{name}", args=[customer("alice").pk])
    if name == "tag":
        return reverse("users:tag", args=[Tag.objects.get_or_create(name="VIP")[0].pk])
    if name in ("import", "import_columns"):
        file = upload("customers", csv_bytes(("user_id", "name"), [("u1", "A")]))
        return reverse(f"users:{name}", args=[(check(file) if name == "import" else file).pk])
    if name == "acquisition_channel":
        return reverse("users:acquisition_channel", args=[AcquisitionChannel.objects.get(slug="weibo").pk])
    if name.startswith("source") and name not in ("sources", "source_create"):
        kind = ["svg"] if name == "source_qr" else []
        return reverse(f"users:{name}", args=[source().pk, *kind])
    if name == "operator":
        return reverse("users:operator", args=[operator(Role.ANALYST).pk])
    return reverse(f"users:{name}")


def test_every_address_has_a_row() -> None:
    assert {pattern.name for pattern in urls.urlpatterns} - ELSEWHERE == set(MATRIX)


@pytest.mark.parametrize("role", Role.values)
def test_who_sees_what(role: str) -> None:
    """And no page shows a link that leads where they may not go."""
    client, person = logged_in(role), operator(Role(role))
    answers = {name: client.get(address(name)) for name in MATRIX}
    seen = {name for name, answer in answers.items() if answer.status_code == 200}
    assert seen == {name for name, (see, _act) in MATRIX.items() if role in see}
    led_astray = {
        (name, unescape(link))
        for name in seen
        for link in LINK.findall(answers[name].content.decode())
        if not may_open(person, unescape(link))
    }
    assert led_astray == set()


@pytest.mark.parametrize("role", Role.values)
def test_who_changes_what(role: str) -> None:
    client = logged_in(role)
    refused = {name for name in ANSWERS_POST if client.post(address(name)).status_code == 403}
    assert refused == {name for name in ANSWERS_POST if role not in MATRIX[name][1]}


def test_nobody_without_log_in() -> None:
    for name in MATRIX:
        response = Client().get(address(name))
        assert (response.status_code, response["Location"].partition("?")[0]) == (
            302,
            reverse("account_login"),
        )


def test_a_locked_out_operator_is_out_with_the_next_click() -> None:
    client = logged_in(Role.OPERATOR)
    assert client.get(reverse("users:home")).status_code == 200
    person = operator(Role.OPERATOR)
    person.is_active = False
    person.save()
    assert client.get(reverse("users:home")).status_code == 302
