"""Static files are named by what is in them and in what they import."""

import re
import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import FileSystemStorage

from config.static_files import StaticFiles

BUILDER = settings.BASE_DIR / "static" / "segments" / "builder"
ECHARTS = settings.BASE_DIR / "static" / "vendor" / "echarts" / "echarts.min.js"
IMPORTED = re.compile(r"""^(?:import|\} from)\b.*?["'](\.{1,2}/[^"']+)["'];""", re.MULTILINE)


def gathered(source: Path, into: Path) -> dict[str, str]:
    """The name each file got, by its own name."""
    shutil.copytree(source, into)
    files = StaticFiles(location=into, base_url="/static/")
    found: dict[str, Any] = {
        path.name: (FileSystemStorage(location=source), path.name) for path in sorted(source.glob("*.js"))
    }
    said = list(files.post_process(found))
    assert not [named for _name, named, _changed in said if isinstance(named, Exception)]
    names: dict[str, str] = files.hashed_files
    return names


def test_every_import_of_the_builder_names_the_content(tmp_path: Path) -> None:
    names = gathered(BUILDER, tmp_path / "out")
    assert set(names) == {path.name for path in BUILDER.glob("*.js")}
    for name, named in names.items():
        before = IMPORTED.findall((BUILDER / name).read_text())
        after = IMPORTED.findall((tmp_path / "out" / named).read_text())
        assert after == [f"./{names[one.removeprefix('./')]}" for one in before]


def test_a_change_deep_below_renames_the_page_script(tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(BUILDER, changed)
    with (changed / "dom.js").open("a") as file:
        file.write("// another release\n")
    before, after = gathered(BUILDER, tmp_path / "before"), gathered(changed, tmp_path / "after")
    assert before["dom.js"] != after["dom.js"]
    assert before["element.js"] != after["element.js"]
    assert before["draft.js"] == after["draft.js"]  # imports nothing


def test_a_library_that_is_not_ours_stays_as_it_is(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    shutil.copy(ECHARTS, source)
    names = gathered(source, tmp_path / "out")
    assert (tmp_path / "out" / names[ECHARTS.name]).read_bytes() == ECHARTS.read_bytes()
