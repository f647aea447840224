"""A server does not look through what it loaded for garbage again."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc, fastapi
from backend.kernel.garbage import keep_what_is_loaded
before = len(gc.get_objects())
keep_what_is_loaded()
assert gc.get_freeze_count() > before / 2 and len(gc.get_objects()) < before / 10, (before, gc.get_freeze_count(), len(gc.get_objects()))
"""


def test_what_is_loaded_is_left_out_of_each_later_look() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
