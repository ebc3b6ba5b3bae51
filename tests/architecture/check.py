"""`make check`: every gate that needs no tests, one line each, all of them even when one fails."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

BASE = Path(__file__).resolve().parents[2]
PYTHON = [sys.executable, "-m"]
MANAGE = [sys.executable, "manage.py"]
NOWHERE = "postgresql://nobody@/nothing?host=/nonexistent"
"""The checks read models, never rows: no database is started."""

LINT = {
    "ruff": [*PYTHON, "ruff", "check", "--quiet", "."],
    "format": [*PYTHON, "ruff", "format", "--check", "--quiet", "."],
    "mypy": [*PYTHON, "mypy", "--no-error-summary"],
    "import-linter": [str(Path(sys.executable).with_name("lint-imports"))],
}
DJANGO = {
    "manage.py check": [*MANAGE, "check", "--fail-level", "WARNING"],
    "makemigrations --check": [*MANAGE, "makemigrations", "--check", "--dry-run", "--verbosity", "1"],
    "translations": [*PYTHON, "tests.architecture.translations"],
    "OpenAPI snapshot": [*PYTHON, "tests.architecture.openapi"],
    "table of segment fields": [*PYTHON, "tests.architecture.field_table"],
    "lock files": [*PYTHON, "tests.architecture.locks"],
}
DEPLOY = {"manage.py check --deploy": [*MANAGE, "check", "--deploy", "--fail-level", "WARNING"]}
PRODUCTION = {
    "PUBLIC_URL": "https://regulars.example.com",
    "ALLOWED_HOSTS": "regulars.example.com",
    "EMAIL_URL": "smtp://shop:secret@mail.example.com:587?tls=1",
    "METRICS_TOKEN": "x" * 40,
    "BEHIND_PROXY": "1",
    "DEMO": "0",
}


def environment(data: str) -> dict[str, str]:
    """Settings of their own, whatever the shell has set."""
    plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {
        **plain,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONPATH": str(BASE),
        "PYTHONWARNINGS": "ignore",
        "REGULARS_DATA": data,
        "DATABASE_URL": NOWHERE,
        "SECRET_KEY": "".join(chr(33 + n % 90) for n in range(80)),
    }


def passes(name: str, command: list[str], variables: Mapping[str, str]) -> bool:
    """Run one gate and say how it went; its output is shown only when it fails."""
    began = time.monotonic()
    done = subprocess.run(command, cwd=BASE, env=dict(variables), capture_output=True, text=True, check=False)
    good = done.returncode == 0
    print(f"{'ok  ' if good else 'FAIL'} {name} ({time.monotonic() - began:.1f} s)", flush=True)
    if not good:
        print(done.stdout + done.stderr, flush=True)
    return good


def main() -> int:
    """Run all gates; 1 when any fails."""
    with tempfile.TemporaryDirectory(prefix="regulars-check-") as data:
        usual = environment(data)
        gates = [(name, command, usual) for name, command in {**LINT, **DJANGO}.items()]
        gates += [(name, command, {**usual, **PRODUCTION}) for name, command in DEPLOY.items()]
        failed = [name for name, command, variables in gates if not passes(name, command, variables)]
    print(f"Failed: {', '.join(failed)}" if failed else "All checks passed.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
