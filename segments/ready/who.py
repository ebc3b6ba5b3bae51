"""Ready segments about who customers are, where they came from, where they stand and how they can be reached."""

from django.utils.translation import gettext_lazy as _

from segments.ready.base import (
    KNOWN_PERSON,
    MAY_BE_MAILED,
    Preset,
    any_of,
    did,
    either,
    event,
    field,
    has,
    never,
    none_of,
    preset,
    where,
)
from users.models import OwnerKind

STAGES = _("Stages of life")
PROFILE = _("Profile")
REACH = _("Contact and consent")
SOURCES = _("Where they came from")

WHO: tuple[Preset, ...] = (
    preset("prospects", STAGES, _("Prospects"), _("Known, and not active yet."), any_of("stage", "prospect")),
    preset("new", STAGES, _("New customers"), _("Their first days with the shop."), any_of("stage", "new")),
    preset("active", STAGES, _("Active customers"), _("Come by as usual."), any_of("stage", "active")),
    preset(
        "returning", STAGES, _("Returning"), _("Had been away and came back."), any_of("stage", "returning")
    ),
    preset("dormant", STAGES, _("Dormant customers"), _("Not seen for a while."), any_of("stage", "dormant")),
    preset(
        "churned",
        STAGES,
        _("Churned customers"),
        _("Gone for good unless something is done."),
        any_of("stage", "churned"),
    ),
    preset(
        "new_this_week",
        STAGES,
        _("New this week"),
        _("First seen doing something in the last seven days."),
        field("first_activity", "in_last_days", 7),
    ),
    preset(
        "fell_asleep",
        STAGES,
        _("Fell asleep this week"),
        _("Became dormant in the last seven days: the best moment to call them back."),
        where(did("stage_moves", in_last_days=7), to=["dormant"]),
    ),
    preset(
        "came_back",
        STAGES,
        _("Came back this month"),
        _("Were dormant or churned and returned in the last 30 days."),
        where(did("stage_moves", in_last_days=30), to=["returning"]),
    ),
    preset(
        "going_quiet",
        STAGES,
        _("Going quiet"),
        _("Still active by their stage, but not seen for 20 days."),
        any_of("stage", "new", "active", "returning"),
        field("last_activity", "more_than_days_ago", 20),
    ),
    preset(
        "judging",
        STAGES,
        _("Just met"),
        _("Active on one day so far: judging us."),
        any_of("phase", "judging"),
    ),
    preset(
        "verifying",
        STAGES,
        _("Looking around"),
        _("Came back and look around."),
        any_of("phase", "verifying"),
    ),
    preset(
        "settled", STAGES, _("Settled"), _("Know the shop and come by habit."), any_of("phase", "settled")
    ),
    preset("women", PROFILE, _("Women"), _("By the gender they told."), any_of("gender", "female")),
    preset("men", PROFILE, _("Men"), _("By the gender they told."), any_of("gender", "male")),
    preset("under_25", PROFILE, _("Under 25"), _("By their birthday."), field("birthday", "age_at_most", 24)),
    preset(
        "age_25_39",
        PROFILE,
        _("25 to 39 years old"),
        _("By their birthday."),
        field("birthday", "age_at_least", 25),
        field("birthday", "age_at_most", 39),
    ),
    preset(
        "age_40", PROFILE, _("40 and older"), _("By their birthday."), field("birthday", "age_at_least", 40)
    ),
    preset(
        "birthday_month",
        PROFILE,
        _("Birthday this month"),
        _("To be congratulated."),
        field("birthday", "anniversary_this_month"),
    ),
    preset(
        "birthday_week",
        PROFILE,
        _("Birthday within a week"),
        _("A greeting prepared now arrives in time."),
        field("birthday", "anniversary_within_days", 7),
    ),
    preset(
        "chinese",
        PROFILE,
        _("Read Chinese"),
        _("By the language they told."),
        field("language", "starts_with", "zh"),
    ),
    preset(
        "english",
        PROFILE,
        _("Read English"),
        _("By the language they told."),
        field("language", "starts_with", "en"),
    ),
    preset(
        "place_known",
        PROFILE,
        _("Place known"),
        _("Whose region or city we know."),
        either(field("region", "is_known"), field("city", "is_known")),
    ),
    preset(
        "work_known",
        PROFILE,
        _("Work known"),
        _("Whose occupation, industry, income or education we know."),
        either(*(field(name, "is_known") for name in ("occupation", "industry", "income_band", "education"))),
    ),
    preset(
        "on_phones",
        PROFILE,
        _("Come by phone"),
        _("Met us in an app or on a phone."),
        field("platform", "is_any_of", ["ios", "android", "mobile", "wechat"]),
    ),
    preset(
        "nameless",
        PROFILE,
        _("Visitors of this week without a name"),
        _("Came by without saying who they are."),
        field("identified", "equals", False),
        field("last_activity", "in_last_days", 7),
    ),
    preset(
        "joined",
        PROFILE,
        _("Found to be one person"),
        _("Were joined with another record of theirs."),
        did("joins"),
    ),
    preset(
        "registered",
        PROFILE,
        _("Registered, never paid"),
        _("Have an account and no paid order."),
        field("registered_at", "is_known"),
        field("paying", "equals", False),
    ),
    preset(
        "by_mail",
        REACH,
        _("Reachable by e-mail"),
        _("Have a usable e-mail address."),
        has("reachable_by", "email"),
    ),
    preset(
        "by_sms", REACH, _("Reachable by SMS"), _("Have a usable phone number."), has("reachable_by", "sms")
    ),
    preset(
        "by_wechat",
        REACH,
        _("Reachable in WeChat"),
        _("Follow the official account."),
        has("reachable_by", "wechat"),
    ),
    preset(
        "by_push",
        REACH,
        _("Reachable by push"),
        _("Allow the app or the browser to notify them."),
        has("reachable_by", "app_push", "web_push"),
    ),
    preset(
        "unreachable",
        REACH,
        _("Not reachable at all"),
        _("Known by name, and no address works."),
        KNOWN_PERSON,
        has("reachable_by", "email", "sms", "wechat", "weibo", "app_push", "web_push", op="has_none_of"),
    ),
    preset(
        "bouncing",
        REACH,
        _("Address bounces"),
        _("Ask for a new one at the next order."),
        has("contact_states", "email:bouncing", "sms:bouncing"),
    ),
    preset("agreed", REACH, _("May be mailed news"), _("Agreed, and have a usable address."), MAY_BE_MAILED),
    preset(
        "not_asked",
        REACH,
        _("Have an e-mail address, did not agree"),
        _("Could be asked whether they want our news."),
        has("reachable_by", "email"),
        {**MAY_BE_MAILED, "op": "may_not"},
    ),
    preset(
        "refused_lately",
        REACH,
        _("Opted out this month"),
        _("Refused a topic in the last 30 days."),
        did("refusals", in_last_days=30),
    ),
    preset(
        "agreed_lately",
        REACH,
        _("Agreed this month"),
        _("Said yes to a topic in the last 30 days."),
        did("grants", in_last_days=30),
    ),
    preset(
        "no_profiling",
        REACH,
        _("Do not want to be profiled"),
        _("Leave them out of offers by value."),
        field("no_profiling", "equals", True),
    ),
    *(
        preset(
            f"from_{slug.replace('-', '_')}",
            SOURCES,
            name,
            _("By their first touch, for ever."),
            any_of("channel_group", slug),
        )
        for slug, name in (
            ("search", _("Came from search")),
            ("wechat", _("Came from WeChat")),
            ("content", _("Came from content and short video")),
        )
    ),
    preset(
        "no_channel",
        SOURCES,
        _("Channel not known"),
        _("Nothing said where they came from."),
        field("channel", "is_unknown"),
    ),
    preset(
        "by_code",
        SOURCES,
        _("Came with a source code"),
        _("By a link or QR picture with an owner."),
        field("source_code", "is_known"),
    ),
    preset(
        "by_staff",
        SOURCES,
        _("Brought by staff or a store"),
        _("Came with a source code of an employee or a store."),
        any_of("source_owner_kind", OwnerKind.EMPLOYEE.value, OwnerKind.STORE.value),
    ),
    preset(
        "by_campaign_link",
        SOURCES,
        _("Came by a tagged link"),
        _("Their first touch had UTM parameters."),
        either(field("utm_source", "is_known"), field("utm_campaign", "is_known")),
    ),
    preset(
        "seekers",
        STAGES,
        _("Search and do not order"),
        _("Searched in the last 14 days without ordering."),
        event("Products Searched", in_last_days=14),
        never("orders", in_last_days=14),
        none_of(any_of("stage", "churned")),
    ),
)
