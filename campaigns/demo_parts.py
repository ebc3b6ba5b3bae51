"""What campaigns lend to the demo shop."""

from django.utils.translation import gettext_noop

from campaigns.services.demo import live, load
from users.demo import DemoDay, DemoPart, demo_days, demo_parts

demo_parts.register(
    "campaigns.campaigns",
    DemoPart("campaigns.campaigns", gettext_noop("Campaigns, one of them sent"), 60, load),
)
demo_days.register("campaigns.readers", DemoDay("campaigns.readers", live))
