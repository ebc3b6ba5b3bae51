"""A gate: the lock files name versions and hashes, never an address, and both agree."""

import re
import sys
from pathlib import Path

BASE = Path(__file__).resolve().parents[2]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)", re.MULTILINE)


def problems(run: str, test: str) -> list[str]:
    """What is wrong with the two files, in words."""
    found = []
    for name, text in (("requirements.lock", run), ("tests/requirements.lock", test)):
        if "://" in text or re.search(r"^--(?!hash)", text, re.MULTILINE):
            found.append(f"{name} names an address or an option.")
        found += [
            f"{name}: {pin[0]}=={pin[1]} is a local version." for pin in PIN.findall(text) if "+" in pin[1]
        ]
    pinned = set(PIN.findall(test))
    found += [
        f"{pin[0]}=={pin[1]} is missing in the tests' lock." for pin in PIN.findall(run) if pin not in pinned
    ]
    return found


def main() -> int:
    """Print each problem; 1 when there is one."""
    found = problems(
        (BASE / "requirements.lock").read_text(), (BASE / "tests" / "requirements.lock").read_text()
    )
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
