"""What a hash costs where no test has lowered it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MADE = "import asyncio; from backend.identity.passwords import Passwords; print(asyncio.run(Passwords().hash('four plain words')))"


def test_a_password_is_hashed_as_owasp_advises() -> None:
    made = subprocess.run([sys.executable, "-c", MADE], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert made.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
