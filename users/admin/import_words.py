"""The words of imports: why a row has its fate, what it changes, why undoing left it."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit import words
from config.kit.given_names import as_read
from config.kit.parts import Tone
from users.models import Fate, Import, ImportRow
from users.services.imports.acts import has_stopped, title_of
from users.services.imports.files import problem_in_words
from users.services.imports.kinds import ImportKind

FATE_TONES: dict[str, Tone] = {
    Fate.NEW: "good", Fate.CHANGES: "info", Fate.UNCHANGED: "muted", Fate.DUPLICATE: "warn", Fate.REFUSED: "bad",
}  # fmt: skip
STATE_TONES: dict[str, Tone] = {
    Import.State.DONE: "good", Import.State.CHECKED: "info", Import.State.UPLOADED: "warn",
    Import.State.UNDONE: "muted", Import.State.UNREADABLE: "bad",
}  # fmt: skip
CODES: dict[str, StrOrPromise] = {
    "error_cell": gettext_lazy("The cell holds an error of Excel. Put it right in the sheet."),
    "missing": gettext_lazy("This is needed and the cell is empty."),
    "too_long": gettext_lazy("The text is too long."),
    "not_yes_or_no": gettext_lazy("This is neither yes nor no."),
    "not_an_amount": gettext_lazy("This is no amount of money. Write it like 1234.50."),
    "negative_amount": gettext_lazy("The amount is negative."),
    "not_a_number": gettext_lazy("This is no whole number."),
    "not_a_date": gettext_lazy("This is no date. Write it like 2026-04-03."),
    "excel_day": gettext_lazy(
        "This is Excel's own number of a day. Format the column as a date and save the file again."
    ),
    "not_a_time": gettext_lazy("This is no time of day."),
    "ambiguous_date": gettext_lazy("Day and month can be read in two ways."),
    "in_future": gettext_lazy("This lies in the future."),
    "not_an_email": gettext_lazy("This is no e-mail address."),
    "not_a_phone": gettext_lazy(
        "This is no phone number. Write it with the country in front, like +86 138 0013 8000."
    ),
    "too_many_cells": gettext_lazy("The row has more cells than there are columns."),
    "too_many_rows": gettext_lazy("More than a thousand rows speak of the same."),
    "no_birthday": gettext_lazy("A birthday is a day of the past."),
    "no_such_channel": gettext_lazy("There is no such acquisition channel."),
    "no_such_source": gettext_lazy("There is no such source code."),
    "other_channel": gettext_lazy("This source code belongs to another channel."),
    "day_too_far": gettext_lazy("This day is too far away."),
    "other_user_id": gettext_lazy("The customer has another user ID."),
    "key_of_another": gettext_lazy("This user ID belongs to another customer."),
    "rows_disagree": gettext_lazy("The rows of this order contradict each other."),
    "order_of_another": gettext_lazy("An order with this number belongs to another customer."),
    "refund_over_total": gettext_lazy("More is given back than is left of the order."),
    "no_exchange_rate": gettext_lazy("No exchange rate is known for that day."),
    "unknown_currency": gettext_lazy("There is no such currency."),
    "bad_quantity": gettext_lazy("The quantity must be a whole number above zero."),
    "bad_amount": gettext_lazy("This is no amount of money."),
    "unknown_status": gettext_lazy("This status of an order is not known."),
    "other_currency": gettext_lazy("The order is in another currency."),
    "bad_source": gettext_lazy("A source has small letters, figures and dashes."),
    "erased": gettext_lazy("This person was erased and is not made again."),
    "unknown_order": gettext_lazy("This order is not known."),
    "unknown_message_channel": gettext_lazy("There is no such message channel."),
    "no_such_topic": gettext_lazy("There is no such topic."),
    "no_such_list": gettext_lazy("There is no such list of segments, or it is stopped."),
    "unknown_choice": gettext_lazy("Write add, remove or replace."),
    "no_such_customer": gettext_lazy("No customer has this key."),
    "no_wording": gettext_lazy("A yes needs the wording that was agreed to."),
    "later_yes_holds": gettext_lazy("Kept in the ledger; a later yes is in force."),
}
LEFT: dict[str, StrOrPromise] = {
    "gone": gettext_lazy("The customer is no longer there."),
    "touched": gettext_lazy("Something has happened to it since."),
    "customer_touched": gettext_lazy(
        "The order is gone; the customer stays, because something has happened since."
    ),
    "answered_since": gettext_lazy("The customer has answered again since."),
}
COLUMNS: dict[str, StrOrPromise] = {
    "user_id": gettext_lazy("user ID"), "first_name": gettext_lazy("first name"), 
    "last_name": gettext_lazy("last name"),
    "name": gettext_lazy("name"), "gender": gettext_lazy("gender"), "birthday": gettext_lazy("birthday"),
    "country": gettext_lazy("country"), "region": gettext_lazy("region"), "city": gettext_lazy("city"),
    "occupation": gettext_lazy("occupation"), "industry": gettext_lazy("industry"),
    "income_band": gettext_lazy("income band"), "education": gettext_lazy("education"),
    "interests": gettext_lazy("interests"), "language": gettext_lazy("language"),
    "time_zone": gettext_lazy("time zone"),
    "platform": gettext_lazy("platform"), "source_code": gettext_lazy("source code"),
    "channel": gettext_lazy("acquisition channel"), "registered_at": gettext_lazy("registered"),
    "no_profiling": gettext_lazy("no profiling"), "email": gettext_lazy("e-mail"), "phone": gettext_lazy("phone"),
    "openid": gettext_lazy("WeChat OpenID"), "total": gettext_lazy("total"), "tax": gettext_lazy("tax"),
    "shipping": gettext_lazy("shipping"), "discount": gettext_lazy("discount"), "coupon": gettext_lazy("coupon"),
    "refunded": gettext_lazy("refunded"), "paid_at": gettext_lazy("paid"), "cancelled_at": gettext_lazy("cancelled"),
    "confirmed": gettext_lazy("confirmed"), "lines": gettext_lazy("lines"), "granted": gettext_lazy("answer"),
    "amount": gettext_lazy("amount"),
}  # fmt: skip


def state_of(file: Import) -> tuple[StrOrPromise, Tone]:
    """An import's state in words: a step that was stopped or failed says so."""
    if file.job is not None and has_stopped(file):
        return (_("Stopped half way"), "warn") if file.job.state == "cancelled" else (_("Failed"), "bad")
    return file.get_state_display(), STATE_TONES.get(file.state, "info")


def reason(kind: ImportKind, row: ImportRow) -> str:
    """Why a row has its fate, or what it does."""
    detail: dict[str, Any] = row.detail
    return " ".join(
        filter(None, (_code(kind, row, detail), _changes(detail), _tags(detail), _shared(detail), _left(row)))
    )


def explain(kind: ImportKind, code: str, field: str, detail: dict[str, Any]) -> str:
    """A refusal in words, with the field and the cell at fault."""
    if code == "duplicate_of":
        return _("Says again what row %(row)s says.") % detail
    if code == "file_says_no":
        return _("Row %(row)s of this file says no.") % detail
    if code == "said_no":
        return _("The customer said no on %(day)s.") % {"day": detail["at"][:10]}
    if code == "part_of":
        return _("Belongs to the order of row %(row)s.") % detail
    sentence = str(CODES.get(code) or (_("This does not fit here.") if code else ""))
    where = title_of(kind, field) if field else ""
    cell = _("“%(cell)s”") % detail if detail.get("cell") else ""
    head = " ".join(filter(None, (where, cell)))
    return words.named(head, sentence) if head and sentence else sentence


def _code(kind: ImportKind, row: ImportRow, detail: dict[str, Any]) -> str:
    return explain(kind, row.code, row.field, detail) if row.code else ""


def _changes(detail: dict[str, Any]) -> str:
    told = (
        words.named(COLUMNS.get(name, name), f"{before or '–'} → {after or '–'}")
        for name, before, after in detail.get("changes", ())
    )
    return _("; ").join(told)


def _tags(detail: dict[str, Any]) -> str:
    return words.listed(as_read(one) for one in detail.get("tags", ()))


def _shared(detail: dict[str, Any]) -> str:
    if "shared" not in detail:
        return ""
    return _("Another customer has the same %(key)s; perhaps they are one.") % {
        "key": COLUMNS[detail["shared"]]
    }


def _left(row: ImportRow) -> str:
    return words.named(_("Left as it is"), LEFT.get(row.left, row.left)) if row.left else ""


def sheet_problem_of(file: Import) -> str:
    """Why another sheet that was asked for could not be read; "" where nobody asked, or it could."""
    if "sheet" not in file.result:
        return ""
    why = problem_in_words(file.result["problem"], file.result["values"])
    return _("Sheet “%(sheet)s” was not read. %(why)s") % {"sheet": file.result["sheet"], "why": why}


def problem_of(file: Import) -> str:
    """Why a file could not be read, in the reader's language; "" where it could."""
    if file.state != Import.State.UNREADABLE:
        return ""
    return problem_in_words(file.result.get("problem", ""), file.result.get("values", {}))
