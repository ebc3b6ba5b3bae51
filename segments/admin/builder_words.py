"""The words that the builder's script puts on the page; ``%(name)s`` is filled in there."""

from django.utils.translation import gettext as _

from config.kit.words import number
from segments.services.suggesting import NEWEST


def builder_words() -> dict[str, str]:
    """All of them, in the language that is active."""
    return _structure() | _acts() | _inputs() | _told() | _preview()


def _structure() -> dict[str, str]:
    return {
        "all": _("all of these"),
        "any": _("any of these"),
        "none": _("none of these"),
        "wordAll": _("and"),
        "wordAny": _("or"),
        "wordNone": _("nor"),
        "match": _("Customers for whom"),
        "holds": _("hold:"),
        "how": _("How it is asked"),
        "howGroup": _("How the parts are joined"),
        "about": _("What it is about"),
        "add": _("Add a condition"),
        "addTo": _("Add a condition to “%(group)s”"),
        "addGroup": _("Add a group"),
        "addGroupTo": _("Add a group to “%(group)s”"),
        "empty": _("Nothing is asked here yet. Add a condition, or move one in."),
        "rowName": _("%(name)s, %(n)s of %(of)s in “%(group)s”"),
        "groupName": _("Group “%(group)s”, %(n)s of %(of)s in “%(outer)s”"),
        "rootName": _("The rule: %(group)s"),
        "builder": _("Rule"),
        "kept": _("This condition cannot be shown here: “%(name)s” is not known any more. It is kept as it is."),
        "unknown": _("Unknown condition"),
        "tools": _("What to do with the rule"),
        "help": _("Keys"),
        "helpText": _(
            "On a handle: arrows go from row to row, Alt and arrows move, Enter opens what can be done, Space "
            "selects, G groups what is selected, U takes a group apart, D duplicates, N negates, Delete removes."
            " Anywhere: Ctrl+Z takes back, Ctrl+Y does it again."
        ),
    }  # fmt: skip


def _acts() -> dict[str, str]:
    return {
        "handle": _("Move and more: %(name)s"),
        "up": _("Move up"),
        "down": _("Move down"),
        "in": _("Move into the group beside it"),
        "out": _("Move out of its group"),
        "select": _("Select"),
        "unselect": _("Do not select"),
        "group": _("Group what is selected"),
        "groupOne": _("Put into a group"),
        "ungroup": _("Take the group apart"),
        "duplicate": _("Duplicate"),
        "negate": _("Turn into its opposite"),
        "remove": _("Remove"),
        "removeNamed": _("Remove %(name)s"),
        "undo": _("Take back"),
        "redo": _("Do again"),
        "done_up": _("Moved up: now %(place)s."),
        "done_down": _("Moved down: now %(place)s."),
        "done_in": _("Moved in: now %(place)s."),
        "done_out": _("Moved out: now %(place)s."),
        "done_drag": _("Moved: now %(place)s."),
        "done_group": _("Grouped."),
        "done_ungroup": _("Taken apart."),
        "done_duplicate": _("Duplicated."),
        "done_negate": _("Turned into its opposite."),
        "done_remove": _("Removed. Ctrl+Z takes it back."),
        "done_add": _("Added: %(name)s."),
        "done_undo": _("Taken back."),
        "done_redo": _("Done again."),
        "done_select": _("Selected: %(n)s."),
        "notPossible": _("That cannot be done here."),
        "tooDeep": _("Groups may be nested %(n)s deep at most."),
        "tooMany": _("A rule may hold at most %(n)s conditions."),
        "place": _("%(n)s of %(of)s in “%(group)s”"),
    }


def _inputs() -> dict[str, str]:
    return {
        "value": _("value"),
        "from": _("from"),
        "to": _("to"),
        "days": _("days"),
        "event": _("An event"),
        "eventName": _("Name of the event"),
        "attribute": _("A custom attribute"),
        "attributeName": _("Name of the attribute"),
        "other": _("Other"),
        "happened": _("What happened"),
        "did": _("happened"),
        "didNot": _("did not happen"),
        "first": _("for the first time"),
        "last": _("for the last time"),
        "when": _("When"),
        "ever": _("at any time"),
        "atLeast": _("at least"),
        "atMost": _("at most"),
        "times": _("times"),
        "differentDays": _("different days"),
        "of": _("of"),
        "where": _("Add a filter"),
        "whose": _("where"),
        "property": _("property"),
        "yes": _("yes"),
        "no": _("no"),
        "and": _("and"),
        "day": _("day"),
        "week": _("week"),
        "month": _("month"),
        "year": _("year"),
        "addValue": _("Type a value and press Enter"),
        "chooseValue": _("Choose"),
        "noHits": _("Nothing found"),
        "typed": _("Use “%(text)s”"),
        "optional": _("optional"),
        "customers": _("%(n)s customers"),
        "amongNewest": _("Customers who have it, among the newest %(n)s") % {"n": number(NEWEST)},
        "rolling": _("rolling: %(from)s to %(to)s, to the minute"),
        "calendar": _("whole days: %(from)s to %(to)s"),
        "until": _("before %(to)s, to the minute"),
        "ahead": _("rolling: %(from)s to %(to)s, to the minute"),
    }


def _told() -> dict[str, str]:
    return {
        "draft": _("There is a draft of yours from %(time)s that was not saved."),
        "draftTake": _("Take the draft"),
        "draftDrop": _("Drop it"),
        "draftTaken": _("The draft is back. Save it when it is right."),
        "json": _("The rule as JSON"),
        "jsonTake": _("Take this JSON"),
        "jsonTaken": _("The rule was read from the JSON."),
        "jsonBad": _("Line %(line)s: this is no JSON."),
        "jsonShape": _("This JSON is no rule: it needs “version” and a “root” that is a group."),
        "jsonLine": _("Line %(line)s: %(problem)s"),
    }


def _preview() -> dict[str, str]:
    return {
        "counting": _("Counting …"),
        "slow": _("Counting took too long this time. What is shown is the last good count."),
        "unreachable": _("The server cannot be reached. What is shown is the last good count."),
        "loggedOut": _("You are logged out. The draft is kept here: log in and come back to this page."),
        "failed": _("The count failed (%(status)s). What is shown is the last good count."),
        "forbidden": _("Your role may not count customers."),
    }
