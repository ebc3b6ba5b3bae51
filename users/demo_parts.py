"""What users lends to the demo shop: its customers with their orders and visits, and their days."""

from django.utils.translation import gettext_noop

from users.demo import DemoDay, DemoPart, demo_days, demo_parts
from users.services.demo.days import live
from users.services.demo.files import load_files
from users.services.demo.goods import load_goods
from users.services.demo.identity import load_identity
from users.services.demo.load import CUSTOMERS_POSITION, load_customers
from users.services.demo.sources import load_sources, load_visits
from users.services.demo.thresholds import accept_thresholds, study_history
from users.services.demo.voices import load_value, load_voices

demo_parts.register(
    "users.sources",
    DemoPart(
        name="users.sources",
        title=gettext_noop("Source codes and costs"),
        position=CUSTOMERS_POSITION - 5,
        load=load_sources,
    ),
)
demo_parts.register(
    "users.visits",
    DemoPart(
        name="users.visits",
        title=gettext_noop("Visits at the links of source codes"),
        position=CUSTOMERS_POSITION + 5,
        load=load_visits,
    ),
)
demo_parts.register(
    "users.customers",
    DemoPart(
        name="users.customers",
        title=gettext_noop("Customers with their orders and visits"),
        position=CUSTOMERS_POSITION,
        load=load_customers,
    ),
)
demo_parts.register(
    "users.goods",
    DemoPart(
        name="users.goods",
        title=gettext_noop("Tills, shops, warranty cards"),
        position=CUSTOMERS_POSITION + 6,
        load=load_goods,
    ),
)
demo_parts.register(
    "users.voices",
    DemoPart(
        name="users.voices",
        title=gettext_noop("Reviews, shares and friends"),
        position=CUSTOMERS_POSITION + 5,
        load=load_voices,
    ),
)
demo_parts.register(
    "users.identity",
    DemoPart(
        name="users.identity",
        title=gettext_noop("Phones, openids, devices and answers"),
        position=CUSTOMERS_POSITION + 3,
        load=load_identity,
    ),
)
demo_parts.register(
    "users.files",
    DemoPart(
        name="users.files",
        title=gettext_noop("Files, tags and an export"),
        position=CUSTOMERS_POSITION + 7,
        load=load_files,
    ),
)
demo_parts.register(
    "users.value",
    DemoPart(
        name="users.value",
        title=gettext_noop("Figures of the day"),
        position=CUSTOMERS_POSITION + 10,
        load=load_value,
    ),
)
demo_parts.register(
    "users.thresholds",
    DemoPart(
        name="users.thresholds",
        title=gettext_noop("Thresholds between the stages"),
        position=10,
        load=accept_thresholds,
    ),
)
demo_parts.register(
    "users.history",
    DemoPart(
        name="users.history",
        title=gettext_noop("What the history says of stages and activity"),
        position=95,
        load=study_history,
    ),
)
demo_days.register("users.visits", DemoDay(name="users.visits", live=live))
