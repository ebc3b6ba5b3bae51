"""What users itself puts on every page, on the home page and into the search."""

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from config.kit.admin import page_scopes, page_values
from users import phases, worth  # noqa: F401 - registers them
from users.admin import acquisition_parts, cards, owned, value_panel
from users.groups import (  # noqa: F401 - registers them
    acquisition,
    activity,
    cohorts,
    features,
    goods,
    listed,
    plain,
    stages,
    value,
)
from users.models import (
    Consent,
    ContactPoint,
    CustomerDay,
    CustomerTag,
    Event,
    Identity,
    Import,
    LifecycleRule,
    Order,
    Refund,
    ShopSetting,
    StageMove,
)
from users.pages import (
    FirstStep,
    GroupAct,
    Hit,
    JoinCount,
    Searcher,
    counter,
    first_step,
    group_act,
    join_count,
    searcher,
)
from users.reports import finding
from users.shop import currency, read_once, shop_name


def find_customers(text: str, limit: int) -> list[Hit]:
    """Customers by name, identity, contact or order number."""
    return [
        Hit(str(c), reverse("users:customer", args=[c.pk]), c.user_id or "", "person")
        for c in finding.find(text, limit)
    ]


def thresholds_accepted() -> "QuerySet[LifecycleRule]":
    """Found once an operator has said yes to the stage thresholds."""
    return LifecycleRule.objects.filter(proposed=False)


for _position, (_name, _title, _model) in enumerate(
    (
        ("identities", _("Keys by which they are recognised"), Identity),
        ("contacts", _("Contact points"), ContactPoint),
        ("events", _("Events"), Event),
        ("days", _("Active days"), CustomerDay),
        ("orders", _("Orders"), Order),
        ("refunds", _("Refunds"), Refund),
        ("stage_moves", _("Moves between stages"), StageMove),
        ("consents", _("Consents"), Consent),
        ("tags", _("Tags"), CustomerTag),
    )
):
    join_count(JoinCount(_name, _title, _position, counter(_model)))
page_values.register("currency", currency.get)
page_scopes.register("settings", read_once)
cards.lend()
value_panel.lend()
acquisition_parts.lend()
owned.lend()
searcher(Searcher("customers", _("Customers"), 10, "users:customers", find_customers))
first_step(
    FirstStep(
        "thresholds",
        _("Look at when a customer counts as dormant, and accept it"),
        20,
        "users:lifecycle",
        thresholds_accepted,
    )
)


def shop_named() -> "QuerySet[ShopSetting]":
    """Found once the shop has a name or a currency of its own."""
    return ShopSetting.objects.filter(name__in=(shop_name.name, currency.name))


if not settings.DEMO:  # that one has its name
    first_step(
        FirstStep(
            "shop", _("Say what the shop is called and what it is paid in"), 5, "users:shop", shop_named
        )
    )


def imported() -> "QuerySet[Import]":
    """Found once a file was brought in."""
    return Import.objects.filter(state=Import.State.DONE)


first_step(
    FirstStep("import", _("Bring your customers and orders along"), 10, "users:import_create", imported)
)
group_act(GroupAct("tag", _("Tag them all"), "users:tag_group", "sell"))
group_act(GroupAct("untag", _("Take a tag off"), "users:untag_group", "label_off"))
group_act(GroupAct("export", _("Export"), "users:export_create", "download"))
group_act(
    GroupAct("portrait", _("Portrait beside everyone else"), "users:portrait", "face", takes_picks=False)
)
