"""What the demo shop's own segments are called, in both languages; ``segments.demo_parts`` makes them.

They are not in the gallery: they tell of this shop only.
"""

from django.utils.translation import gettext_lazy as _

from segments.ready.base import Preset, field, preset

OCCASIONS = _("Occasions")
HABITS = _("Habits and calendar")

GUESTS = preset("demo_guests", OCCASIONS, _("Guests of the shop's birthday"), _("Invited by hand."))
BUYERS = preset(
    "demo_buyers",
    OCCASIONS,
    _("Everybody who bought"),
    _("Everybody who ever bought; what the lists of the test are drawn from."),
    field("orders", "at_least", 1),
)
GUESTS_WHO_BOUGHT = Preset(
    "demo_guests_bought",
    OCCASIONS,
    _("Guests who bought"),
    _("On the list of guests, and bought at least once."),
    lambda guests, buyers: ({"segment": guests, "op": "in"}, {"segment": buyers, "op": "in"}),
    upon=("demo_guests", "demo_buyers"),
)
TENTH = preset(
    "demo_tenth",
    OCCASIONS,
    _("A tenth of the buyers"),
    _("Drawn by lot from everybody who bought; the draw can be repeated."),
)
POSTCARD = _("Postcard test")
POSTCARD_PARTS = (
    preset(
        "demo_postcard_a", OCCASIONS, _("Postcard test A"), _("Half of the buyers, by lot: gets the card.")
    ),
    preset(
        "demo_postcard_b",
        OCCASIONS,
        _("Postcard test B"),
        _("The other half: gets none, and shows the effect."),
    ),
)
EXAMPLES = (
    preset(
        "demo_cart",
        HABITS,
        _("In the cart, not ordered within a day"),
        _("Put something into the cart in the last 30 days and did not order within a day of it."),
        {
            "sequence": {"event": "Product Added"},
            "op": "not_then",
            "then": {"happened": "orders"},
            "within": 1,
            "unit": "days",
            "in_last_days": 30,
        },
    ),
    preset(
        "demo_weekly",
        HABITS,
        _("Come by in most weeks"),
        _("Looked at a product in three of the last four weeks."),
        {"regularly": {"event": "Product Viewed"}, "weeks": 3, "of": 4},
    ),
    preset(
        "demo_best_tenth",
        HABITS,
        _("The best tenth by money spent"),
        _("One customer in ten: those with the most revenue."),
        {"top": 10, "by": "revenue"},
    ),
    preset(
        "demo_mid_autumn",
        HABITS,
        _("Buyers, in the week before Mid-Autumn"),
        _("Buyers, in the seven days before the festival; empty during the rest of the year."),
        {"festival": "mid_autumn", "op": "within_days", "days": 7},
        field("orders", "at_least", 1),
    ),
)
DEMO = (GUESTS, BUYERS, GUESTS_WHO_BOUGHT, TENTH, *POSTCARD_PARTS, *EXAMPLES)
