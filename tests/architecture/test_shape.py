"""Gate: files stay short, say what they are for, and lie where one looks for them."""

import ast
import subprocess
from pathlib import Path

import pytest

BASE = Path(__file__).resolve().parents[2]
APPS = ("config", "users", "segments", "campaigns", "growth", "feedback")
TOP = {
    *APPS,
    *(
        "manage.py",
        "templates",
        "tests",
        "pyproject.toml",
        "README.md",
        "Makefile",
        "requirements.lock",
        ".ci",
    ),
    *("docs", "locale", "static", "benchmarks", "CHANGELOG.md", "compose.yaml", ".gitignore", "LICENSE"),
}
LONGEST_FILE = 400
LONGEST_FUNCTION = 60
SIGNALS = ("pre_init", "post_init", "pre_save", "post_save", "pre_delete", "post_delete", "m2m_changed")
BANNED = {
    **{f"django.db.models.signals.{name}": "an event handler or a service" for name in SIGNALS},
    "django.dispatch": "an event handler or a service",
    "requests": "config.kit.http",
}
HUBS = {"utils", "helpers", "common", "core", "managers", "misc"}

PYTHON = sorted(
    path
    for folder in (*APPS, "tests", "benchmarks")
    for path in (BASE / folder).rglob("*.py")
    if "migrations" not in path.parts and "node_modules" not in path.parts
)


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(BASE)) for path in paths]


def test_the_top_level_holds_only_what_it_should() -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=BASE, capture_output=True, text=True, check=False)
    if tracked.returncode != 0:
        pytest.skip("no git here")
    found = {name.split("/")[0] for name in tracked.stdout.split("\0") if name}
    assert found - TOP == set()


def test_no_file_is_longer_than_two_screens_of_ideas() -> None:
    long = [f"{path.relative_to(BASE)}: {count}" for path in PYTHON if (count := lines(path)) > LONGEST_FILE]
    assert long == [], f"over {LONGEST_FILE} lines it is two files"


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_no_function_is_a_wall() -> None:
    walls = [
        f"{path.relative_to(BASE)}:{node.lineno} {node.name}"
        for path in PYTHON
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno > LONGEST_FUNCTION
    ]
    assert walls == []


def test_every_file_says_what_it_is_for() -> None:
    silent = [
        path
        for path in PYTHON
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert names(silent) == []


def test_nothing_is_called_after_a_drawer() -> None:
    assert names([path for path in PYTHON if path.stem in HUBS or HUBS & set(path.parts[-3:-1])]) == []


def test_what_hides_the_way_of_an_act_is_not_imported() -> None:
    from tests.architecture.test_layers import imported

    product = [path for path in PYTHON if "tests" not in path.relative_to(BASE).parts]
    found = [
        f"{path.relative_to(BASE)} imports {name}: use {BANNED[name]}"
        for path in product
        for name in imported(path)
        if name in BANNED
    ]
    assert found == []


def test_the_product_prints_only_where_somebody_reads_it() -> None:
    printing = [
        f"{path.relative_to(BASE)}:{node.lineno}"
        for path in PYTHON
        if path.relative_to(BASE).parts[0] in APPS and "commands" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []
