"""``python -m benchmarks.run [--size S|L] [--only w1]``: measure the workloads and keep the figures.

Starts a PostgreSQL and a Redis of its own under ``var/bench`` with the settings of ``make run`` (fsync on).
Each ``benchmarks/w*.py`` has ``figures(size)``, called with Django pointed at a fresh copy of that data, unless it says
``OWN_DATA`` and opens what it needs.
"""

import argparse
import importlib
import json
import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure
from config import places
from config.embedded import Servers

BASE = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).resolve().parent / "results"


def main() -> None:
    """Measure what was asked for; ends with 1 when a workload could not be measured."""
    asked = _arguments()
    home = Path(os.environ.get("REGULARS_BENCH", BASE / "var" / "bench"))
    servers = Servers(home)
    _choose_environment(home)
    servers.start()
    try:
        import django

        django.setup()
        figures = [figure for name in workloads(asked.only) for figure in _measure(name, asked.size)]
    finally:
        servers.stop()
    _keep(asked.size, figures)


def workloads(only: str = "") -> list[str]:
    """Module names of the workloads, all or those that begin with ``only``."""
    found = sorted(path.stem for path in Path(__file__).parent.glob("w[0-9]*.py"))
    wanted = [name for name in found if name.startswith(only.lower())]
    if not wanted:
        sys.exit(f"There is no workload {only!r}; there are: {', '.join(found) or 'none'}.")
    return wanted


def _measure(name: str, size: str) -> Iterator[Figure]:
    from benchmarks.data import database

    module = importlib.import_module(f"benchmarks.{name}")
    with nullcontext() if getattr(module, "OWN_DATA", False) else database(size):
        for figure in module.figures(size):
            _say(figure.line())
            yield figure


def _choose_environment(home: Path) -> None:
    """Settings of a shop of its own, before Django reads one."""
    os.environ.update(
        {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "REGULARS_DATA": str(home / "data"),
            "DATABASE_URL": places.postgres_url(home, "postgres"),
            "REDIS_URL": places.redis_url(home),
            "SECRET_KEY": "only-for-benchmarks-" + "x" * 60,
            "DEMO": "0",
            "MOVABLE_CLOCK": "1",
            "LOG_LEVEL": "ERROR",
        }
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.run", description=__doc__)
    parser.add_argument("--size", choices=("S", "L"), default="S", type=str.upper)
    parser.add_argument("--only", default="", help="a workload, such as w1")
    return parser.parse_args()


def _keep(size: str, figures: list[Figure]) -> None:
    """Write the figures beside what they were measured on."""
    RESULTS.mkdir(exist_ok=True)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    document: dict[str, Any] = {
        "size": size,
        "at": stamp,
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "figures": [figure.row() for figure in figures],
    }
    path = RESULTS / f"{size}-{stamp}.json"
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    _say(f"Written to {path.relative_to(BASE)}.")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
