"""Gates of docs/security.md: what can be seen of the code and the addresses without asking them."""

import ast
import importlib
import pkgutil
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import admin
from rest_framework import serializers

from config.logs import TOLD
from tests.architecture.test_addresses import ROUTES

BASE = Path(__file__).resolve().parents[2]
APPS = ("users", "segments", "campaigns", "growth", "feedback", "config")
# Called from elsewhere by design: by programs with a key or a signature, and by links in messages (RFC 8058).
WITHOUT_CSRF = ("^v1/", "^beacon/v1/", "^(?:api|v1|beacon|hooks)/", "hooks/", "api/v1/", "u/", "p/", "y/")
# A shopper's own things come from the token; the one address that names a thing answers 404 for somebody else's
# (tests/feedback/test_api.py).
NAMED_OF_SHOPPERS = {"api/v1/me/conversations/<uuid:key>", "api/v1/me/conversations/<uuid:key>/messages"}
# Files that write CSV: what goes out passes `config.kit.sheets.safe`; the others write what only we read again.
WRITES_CSV = {
    "config/kit/sheets.py", "users/services/exports/files.py", "users/services/imports/reading.py",
    "users/services/demo/files.py",
}  # fmt: skip
LONGEST_SECONDS = 0.1
LENGTH = 50_000
PIECES = (
    "a", "1", " ", "@", ".", "-", "\\", '"', "'", "{", "(", "a@", "a.", "a-", "1 ", "1-", "é", "<", "<a ", "<a href=",
    "{{", "{%", "{{}", "http://", "http://a ", '"\\', "[{", "\n", "\t", "中", "+1", "；", "a@a.", "DETAIL: ",
)  # fmt: skip


def modules() -> Iterator[Any]:
    for app in APPS:
        package = importlib.import_module(app)
        for found in pkgutil.walk_packages(package.__path__, f"{app}."):
            if not found.name.endswith("__main__"):
                yield importlib.import_module(found.name)


def patterns() -> Iterator[tuple[str, "re.Pattern[Any]", list[str]]]:
    """Every compiled pattern with the ways in which its module uses it; unknown ways count as searching."""
    for module in modules():
        if module.__file__ is None or "re.compile(" not in (source := Path(module.__file__).read_text()):
            continue
        for name, value in vars(module).items():
            rows = value if isinstance(value, list | tuple) else [value]
            found = [one for row in rows for one in (row if isinstance(row, tuple) else [row])]
            used = set(re.findall(rf"\b{name}\.(\w+)\(", source))
            ways = sorted(used & {"match", "fullmatch"}) if used <= {"match", "fullmatch"} else ["search"]
            for pattern in found:
                if isinstance(pattern, re.Pattern):
                    yield f"{module.__name__}.{name}", pattern, ways or ["search"]


def seconds(pattern: "re.Pattern[Any]", way: str, piece: str, length: int) -> float:
    """What it takes to find nothing in a text made of one piece."""
    text: Any = (piece * length)[:length] + "\0"
    text = text if isinstance(pattern.pattern, str) else text.encode()
    taken: list[float] = []
    while len(taken) < 3 and (
        not taken or min(taken) > LONGEST_SECONDS / 100
    ):  # a busy machine is slow now and then
        began = time.thread_time()
        getattr(pattern, way)(text)
        taken.append(time.thread_time() - began)
    return min(taken)


def test_no_pattern_takes_longer_than_a_tenth_of_a_second_for_50_kb() -> None:
    """What grows with the square is seen at a tenth of the length already."""
    slow, seen = [], 0
    for name, pattern, ways in patterns():
        seen += 1
        for piece in PIECES:
            for way in ways:
                worst = 100 * seconds(pattern, way, piece, LENGTH // 10)
                if LONGEST_SECONDS < worst < 100 * LONGEST_SECONDS:
                    worst = seconds(pattern, way, piece, LENGTH)
                if worst > LONGEST_SECONDS:
                    slow.append((name, way, piece, round(worst, 2)))
    assert seen > 30
    assert slow == []


def test_forms_of_operators_are_guarded_against_other_sites() -> None:
    exempt = [route for route, view in ROUTES if getattr(view, "csrf_exempt", False)]
    assert [route for route in exempt if not route.startswith(WITHOUT_CSRF)] == []
    assert not any(route.startswith(("admin/", "accounts/", "i18n/")) for route in exempt)


def test_cookies_are_for_our_pages_only() -> None:
    assert settings.SESSION_COOKIE_HTTPONLY
    assert settings.CSRF_COOKIE_HTTPONLY
    assert (settings.SESSION_COOKIE_SAMESITE, settings.CSRF_COOKIE_SAMESITE) == ("Lax", "Lax")
    assert settings.SESSION_COOKIE_SECURE is settings.CSRF_COOKIE_SECURE is settings.HTTPS


def classes(of: type) -> Iterator[type]:
    for one in of.__subclasses__():
        yield one
        yield from classes(one)


def test_no_call_sets_what_it_does_not_name() -> None:
    """Mass assignment: a body is read field by field; a serializer made from a model only reads out."""
    list(modules())
    ours = [one for one in classes(serializers.Serializer) if one.__module__.split(".")[0] in APPS]
    from_models = [one for one in ours if issubclass(one, serializers.ModelSerializer)]
    assert (len(ours) > 30, len(from_models) > 4) == (True, True)
    source = "\n".join(path.read_text() for app in APPS for path in (BASE / app).glob("api/*.py"))
    for one in from_models:
        meta: Any = one.Meta
        assert isinstance(meta.fields, tuple), one
        assert not re.search(rf"\b{one.__name__}\([^)]*\bdata=", source), one
    assert "serializer.save(" not in source


def test_generic_forms_name_their_fields() -> None:
    """What a generic page of the theme lets an operator write is listed, so a new column is not open by itself."""
    for model, page in admin.site._registry.items():
        if type(page).__module__.split(".")[0] in APPS:
            assert page.fields or page.fieldsets or page.readonly_fields, model


def test_what_a_shopper_may_name_is_known() -> None:
    named = {route for route, _view in ROUTES if route.startswith("api/v1/me/") and "<" in route}
    assert named == NAMED_OF_SHOPPERS


def test_csv_goes_out_by_one_door() -> None:
    found = {
        str(path.relative_to(BASE))
        for app in APPS
        for path in (BASE / app).rglob("*.py")
        if re.search(r"csv\.(Dict)?[wW]riter\(", path.read_text())
    }
    assert found == WRITES_CSV


def extras() -> Iterator[str]:
    """What our own lines of the log say beside their name."""
    for app in APPS:
        for path in (BASE / app).rglob("*.py"):
            text = path.read_text()
            for node in ast.walk(ast.parse(text)) if "extra=" in text else ():
                if isinstance(node, ast.keyword) and node.arg == "extra" and isinstance(node.value, ast.Dict):
                    yield from (str(key.value) for key in node.value.keys if isinstance(key, ast.Constant))


def test_what_our_lines_say_gets_into_the_log() -> None:
    assert set(extras()) <= TOLD


# What somebody likes to see is nobody's business: the columns of a list.
UNRECORDED = {"users/services/list_columns.py: chosen", "users/services/list_columns.py: choose"}


def test_who_acts_is_recorded() -> None:
    """Every service that is told who acts writes the audit row, or hands the name on to one that does."""
    acts = {
        f"{file.relative_to(BASE)}: {act.name}": act
        for app in ("users", "segments", "campaigns", "growth", "feedback")
        for file in (BASE / app / "services").rglob("*.py")
        for act in ast.parse(file.read_text()).body
        if isinstance(act, ast.FunctionDef) and not act.name.startswith("_")
        if "by" in {told.arg for told in act.args.kwonlyargs}
    }
    assert len(acts) > 100
    assert {name for name, act in acts.items() if not _records(act)} == UNRECORDED


def _records(act: ast.FunctionDef) -> bool:
    calls = [part for part in ast.walk(act) if isinstance(part, ast.Call)]
    handed_on = {ast.unparse(word.value) for call in calls for word in call.keywords if word.arg == "by"}
    handed_on |= {ast.unparse(value) for call in calls for value in call.args}
    return "by" in handed_on or any(ast.unparse(call.func) == "audit.record" for call in calls)
