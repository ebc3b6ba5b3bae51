"""The Node SDKs whose traffic must be taken unchanged, installed by their lock file where Node is there."""

import fcntl
import shutil
import subprocess
from pathlib import Path

HOME = Path(__file__).parent / "sdk_node"


def node_sdks() -> Path | None:
    """The folder to run `node` in, or None where Node is missing or the packages cannot be had."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return None
    with (HOME / ".install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = HOME / "node_modules" / ".package-lock.json"
        if stamp.exists() and stamp.stat().st_mtime >= (HOME / "package-lock.json").stat().st_mtime:
            return HOME
        command = ["npm", "install", "--no-save", "--ignore-scripts", "--omit=optional"]
        done = subprocess.run(command, cwd=HOME, capture_output=True, check=False, timeout=300)
        return HOME if done.returncode == 0 else None
