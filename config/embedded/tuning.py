"""PostgreSQL's settings for the memory of this machine, and for servers of tests."""

import contextlib
from pathlib import Path

import psutil

MEGABYTE = 1024 * 1024


def memory() -> int:
    """Bytes this machine (or its container) may use."""
    total = psutil.virtual_memory().total
    with contextlib.suppress(OSError, ValueError):
        total = min(total, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return int(total)


def tuning(bytes_of_memory: int) -> dict[str, str]:
    """PostgreSQL's settings for a machine that also runs everything else. synchronous_commit stays on."""
    mb = bytes_of_memory // MEGABYTE
    return {
        "shared_buffers": f"{max(64, min(mb // 5, 8192))}MB",
        "effective_cache_size": f"{max(128, mb // 2)}MB",
        "work_mem": f"{max(8, min(mb // 256, 64))}MB",
        "maintenance_work_mem": f"{max(64, min(mb // 24, 1024))}MB",
        "max_wal_size": "4GB",
        "min_wal_size": "512MB",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
        "jit": "off",
        "max_connections": "200",
        "autovacuum_vacuum_scale_factor": "0.05",
        "autovacuum_analyze_scale_factor": "0.05",
        "autovacuum_vacuum_insert_scale_factor": "0.1",
        "timezone": "UTC",
        "log_timezone": "UTC",
        # Statements carry personal data: none of them goes to the log.
        "log_min_error_statement": "panic",
        "log_parameter_max_length": "0",
        "log_error_verbosity": "terse",
    }


FOR_TESTS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "on",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "autovacuum_naptime": "10min",
}
"""Settings for servers whose data is thrown away."""
