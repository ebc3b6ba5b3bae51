"""Where our own code writes tables that rules read, found in its text; and which of these places ran."""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from django.apps import apps

ROOT = Path(__file__).resolve().parents[2]
APPS = ("users", "segments", "campaigns", "growth", "feedback")
WRITES = re.compile(r"\b(INSERT INTO|UPDATE|DELETE FROM)\s+(?:ONLY\s+)?(\w+|\{\w+\})", re.I)
METHODS = {"create", "bulk_create", "get_or_create", "update_or_create", "update", "bulk_update", "delete"}


@dataclass(frozen=True, order=True)
class Site:
    """One place: the file, the function or constant, the table; ``opening``: how its statement begins (SQL only)."""

    file: str
    where: str
    table: str
    opening: str = ""
    touches: bool = False

    def __str__(self) -> str:
        return f"{self.file}:{self.where} {self.table}"


def sites(tables: set[str]) -> set[Site]:
    """Every place in production code that writes one of these tables, migrations aside."""
    found = set()
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*")):
            if "migrations" in path.parts:
                continue
            if path.suffix == ".sql":
                found |= set(_of_sql(path, tables))
            elif path.suffix == ".py":
                found |= set(_of_python(path, tables))
    return found


class Recorder:
    """Statements that wrote something, and the functions of ours they came from; wraps a connection's executes."""

    def __init__(self) -> None:
        self.statements: set[str] = set()
        self.frames: set[tuple[str, str]] = set()

    def __call__(self, execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        if WRITES.search(sql.replace('"', "")):
            self.statements.add(plain(sql))
            frame: FrameType | None = sys._getframe()
            while frame is not None:
                file = frame.f_code.co_filename
                if file.startswith(f"{ROOT}/"):
                    self.frames.add((file.removeprefix(f"{ROOT}/"), frame.f_code.co_name))
                frame = frame.f_back
        return execute(sql, parameters, many, context)

    def saw(self, site: Site) -> bool:
        """Whether an act came by this place."""
        if site.opening:
            return any(site.opening in statement for statement in self.statements)
        return (site.file, site.where) in self.frames


def plain(sql: str) -> str:
    """A statement with its white space evened out."""
    return " ".join(sql.split())


def _of_sql(path: Path, tables: set[str]) -> Iterator[Site]:
    for part in path.read_text().split("\n\n"):
        yield from _in_text(part, _name(path), path.name, tables)


def _of_python(path: Path, tables: set[str]) -> Iterator[Site]:
    tree = ast.parse(path.read_text())
    models = {model.__name__: model._meta.db_table for model in apps.get_models()}
    for where, node in _named(tree):
        touches = any(
            isinstance(each, ast.Call) and _called(each) in {"touch", "_touch"} for each in ast.walk(node)
        )
        for each in ast.walk(node):
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                yield from _in_text(each.value, _name(path), where, tables)
            elif isinstance(each, ast.Call) and _called(each) in METHODS:
                names = {name.id for name in ast.walk(each.func) if isinstance(name, ast.Name)}
                for table in {models[name] for name in names if name in models} & tables:
                    yield Site(_name(path), where, table, touches=touches)


def _named(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Functions, methods and constants with their names; what a method holds is not named again by its class."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            for part in node.body:
                if isinstance(part, ast.FunctionDef):
                    yield part.name, part
        elif isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            yield getattr(target, "id", "?"), node


def _in_text(text: str, file: str, where: str, tables: set[str]) -> Iterator[Site]:
    for match in WRITES.finditer(text):
        table = match[2]
        if table in tables:
            rest = re.split(r"[%{]", text[match.start() : match.start() + 90])[0]
            yield Site(file, where, table, plain(rest), touches="users_touched" in text)


def _called(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))
