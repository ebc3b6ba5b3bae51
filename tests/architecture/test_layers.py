"""Gate: who may know whom, also where import-linter cannot see it, as in `ForeignKey("users.Customer")`."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import Field

BASE = Path(__file__).resolve().parents[2]
MAY_KNOW = {
    "users": {"users"},
    "segments": {"segments", "users"},
    "campaigns": {"campaigns", "segments", "users"},
    "growth": {"growth", "campaigns", "segments", "users"},
    "feedback": {"feedback", "campaigns", "segments", "users"},
}
DJANGOS = {"contenttypes", "auth", "sessions"}


def relations() -> Iterator[tuple[str, str, str]]:
    """(app, field, app it points at) of every relation of our models."""
    for app in MAY_KNOW:
        for model in apps.get_app_config(app).get_models(include_auto_created=True):
            for field in model._meta.get_fields():
                if isinstance(field, Field) and field.related_model is not None:
                    assert not isinstance(field.related_model, str)
                    yield app, f"{model.__name__}.{field.name}", field.related_model._meta.app_label


def test_foreign_keys_point_down() -> None:
    wrong = [
        f"{app}: {field} points at {target}"
        for app, field, target in relations()
        if target not in MAY_KNOW[app] | DJANGOS
    ]
    assert wrong == []


@pytest.mark.parametrize("app", MAY_KNOW)
def test_services_and_calculations_start_no_tasks(app: str) -> None:
    wrong = [
        f"{path.relative_to(BASE)} imports {name}"
        for path in (BASE / app / "services").rglob("*.py")
        for name in imported(path)
        if name.endswith(".tasks")
    ]
    assert wrong == []


def test_config_names_apps_only_by_dotted_strings() -> None:
    wrong = [
        f"{path.relative_to(BASE)} imports {name}"
        for path in (BASE / "config").rglob("*.py")
        for name in imported(path)
        if name.split(".")[0] in MAY_KNOW
    ]
    assert wrong == []


def imported(path: Path) -> Iterator[str]:
    """The modules a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
