"""Makes a process cheap to copy."""

from __future__ import annotations

import contextlib
import ctypes
import gc
from pathlib import Path

HUGE = 2 * 1024 * 1024
"""Bytes of a huge page."""
_COLLAPSE = 25
"""MADV_COLLAPSE, of Linux 6.1."""


def settle() -> None:
    """Keep the collector from walking, and so from copying, what never goes away; and let Linux hold the heap in huge pages, of which a
    fork copies one entry where it would copy five hundred. Measured: half the time of a fork and of the end of a process."""
    gc.collect()
    gc.freeze()
    with contextlib.suppress(OSError):
        maps = Path("/proc/self/maps").read_text().splitlines()
        libc = ctypes.CDLL(None, use_errno=True)
        for line in maps:
            where, rights, _, _, _, *name = line.split()
            if rights == "rw-p" and name in ([], ["[heap]"]):
                low, high = (int(bound, 16) for bound in where.split("-"))
                low, high = -(-low // HUGE) * HUGE, high // HUGE * HUGE
                # It may refuse, and then nothing is lost.
                if low < high:
                    libc.madvise(ctypes.c_void_p(low), ctypes.c_size_t(high - low), _COLLAPSE)
