"""What users lends to the demo shop: its customers with their orders and visits, and their days."""

from django.utils.translation import gettext_noop

from users.demo import DemoDay, DemoPart, demo_days, demo_parts
from users.services.demo import words as _words  # noqa: F401 - gives the names
from users.services.demo.days import live
from users.services.demo.files import load_files
from users.services.demo.goods import load_goods
from users.services.demo.identity import load_identity
from users.services.demo.load import CUSTOMERS_POSITION, load_customers
from users.services.demo.rights import load_rights
from users.services.demo.sources import load_sources, load_visits
from users.services.demo.thresholds import accept_thresholds, study_history
from users.services.demo.voices import load_value, load_voices

for _part in (
    DemoPart("users.sources", gettext_noop("Source codes and costs"), CUSTOMERS_POSITION - 5, load_sources),
    DemoPart(
        "users.visits",
        gettext_noop("Visits at the links of source codes"),
        CUSTOMERS_POSITION + 5,
        load_visits,
    ),
    DemoPart(
        "users.customers",
        gettext_noop("Customers with their orders and visits"),
        CUSTOMERS_POSITION,
        load_customers,
    ),
    DemoPart("users.goods", gettext_noop("Tills, shops, warranty cards"), CUSTOMERS_POSITION + 6, load_goods),
    DemoPart(
        "users.voices", gettext_noop("Reviews, shares and friends"), CUSTOMERS_POSITION + 5, load_voices
    ),
    DemoPart(
        "users.identity",
        gettext_noop("Phones, openids, devices and answers"),
        CUSTOMERS_POSITION + 3,
        load_identity,
    ),
    DemoPart("users.files", gettext_noop("Files, tags and an export"), CUSTOMERS_POSITION + 7, load_files),
    DemoPart("users.rights", gettext_noop("A copy for one, an erasure"), CUSTOMERS_POSITION + 8, load_rights),
    DemoPart("users.value", gettext_noop("Figures of the day"), CUSTOMERS_POSITION + 10, load_value),
    DemoPart("users.thresholds", gettext_noop("Thresholds between the stages"), 10, accept_thresholds),
    DemoPart(
        "users.history", gettext_noop("What the history says of stages and activity"), 95, study_history
    ),
):
    demo_parts.register(_part.name, _part)
demo_days.register("users.visits", DemoDay(name="users.visits", live=live))
