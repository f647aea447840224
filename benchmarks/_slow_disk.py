"""A disk that is slower than the one there is: a few lines of C put before the C library, so that every `fsync` and `fdatasync`
of a process takes longer. SQLite calls them itself, so nothing in Python could. It needs a C compiler."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

SOURCE = """
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static void rest(void) {
    const char *given = getenv("BENCH_FSYNC_US");
    long us = given ? atol(given) : 0;
    struct timespec pause = {us / 1000000, us % 1000000 * 1000};
    nanosleep(&pause, 0);
}
int fsync(int file) { rest(); return syscall(SYS_fsync, file); }
int fdatasync(int file) { rest(); return syscall(SYS_fdatasync, file); }
"""


def environment(folder: Path, milliseconds: float) -> dict[str, str]:
    """What to start a process with. Leaves with SystemExit without a compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        sys.exit("a slow disk needs a C compiler (apt install gcc)")
    source, library = folder / "slow_disk.c", folder / "slow_disk.so"
    source.write_text(SOURCE)
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(source)], check=True)
    return {"LD_PRELOAD": str(library), "BENCH_FSYNC_US": str(round(milliseconds * 1000))}
