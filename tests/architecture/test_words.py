"""Gate: what programs write into the audit trail and what jobs report has a name for people."""

import ast
from collections.abc import Iterator
from pathlib import Path

from users.admin.audit import NOUNS, VERBS
from users.admin.told import FIELDS, FIGURES
from users.keeping import kinds

BASE = Path(__file__).resolve().parents[2]
APPS = ("users", "segments", "campaigns", "growth", "feedback")


def trees(pattern: str) -> Iterator[ast.AST]:
    for app in APPS:
        for path in (BASE / app).glob(pattern):
            yield ast.parse(path.read_text())


def records() -> Iterator[ast.Call]:
    """Every call of ``audit.record``."""
    for tree in trees("**/*.py"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "audit.record":
                yield node


def keys_of(node: ast.AST) -> set[str]:
    """The texts that stand as keys of dictionaries in an expression."""
    dicts = [found for found in ast.walk(node) if isinstance(found, ast.Dict)]
    keys = [key for found in dicts for key in found.keys]
    return {key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}


def test_every_act_has_words() -> None:
    acts = {str(call.args[0].value) for call in records() if isinstance(call.args[0], ast.Constant)}
    unnamed = {
        act for act in acts if act.partition(".")[0] not in NOUNS or act.partition(".")[2] not in VERBS
    }
    assert unnamed == set(), "name them in users/admin/audit.py"


def test_every_field_of_an_act_has_words() -> None:
    told = [kw.value for call in records() for kw in call.keywords if kw.arg in ("before", "after")]
    assert set().union(*map(keys_of, told)) - set(FIELDS) == set(), "name them in users/admin/told.py"


def test_every_figure_of_a_job_has_words() -> None:
    returned = [
        node.value
        for tree in trees("tasks.py")
        for node in ast.walk(tree)
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Dict)
    ]
    told = set().union(*map(keys_of, returned)) | set(kinds.names())
    assert told - set(FIGURES) == set(), "name them in users/admin/told.py"


def test_no_text_hides_from_the_catalogue() -> None:
    """Texts are gathered by the name of the function: under another name they would stay in English."""
    names = {
        alias.asname
        for tree in trees("**/*.py")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
        if alias.name.removesuffix("_lazy") in ("gettext", "ngettext", "pgettext", "npgettext")
    }
    assert names <= {None, "_"}
