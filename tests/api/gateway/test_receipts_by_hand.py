"""The ways to verify a receipt in docs/receipts.md, run as they stand there, on a receipt that came over HTTP."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.gateway.conftest import Open

DOCS = (Path(__file__).resolve().parents[3] / "docs/receipts.md").read_text()
PYTHON = re.findall(r"```python\n(.*?)```", DOCS, re.S)[0]
SHELL = re.findall(r"```sh\n(.*?)```", DOCS, re.S)[-1]


@pytest.fixture
async def folder(door: Open, tmp_path: Path) -> Path:
    """With a receipt whose texts are not only ASCII, and the keys."""
    ann = await door()
    await ann.house.town.instances.rename(ann.caller, ann.agent.id, 'Zoë\'s "front" desk €\u2028')
    run = (await ann.ask()).json()
    (tmp_path / "receipt.json").write_bytes((await ann.http.get(f"/v1/receipts/{run['id']}")).content)
    (tmp_path / "cmp-receipts.json").write_bytes((await ann.http.get("/.well-known/cmp-receipts.json")).content)
    return tmp_path


def tampered(folder: Path) -> None:
    receipt = json.loads((folder / "receipt.json").read_text())
    (folder / "receipt.json").write_text(json.dumps({**receipt, "charged": "0"}))


def python(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore::ResourceWarning", "-c", PYTHON, "receipt.json", "cmp-receipts.json"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


async def test_plain_python_verifies_a_receipt_and_refuses_a_changed_one(folder: Path) -> None:
    good = python(folder)
    assert (good.returncode, good.stdout.startswith("valid: run_")) == (0, True), good.stderr
    tampered(folder)
    bad = python(folder)
    assert (bad.returncode, "InvalidSignature" in bad.stderr) == (1, True)


@pytest.mark.skipif(not (shutil.which("jq") and shutil.which("openssl")), reason="jq or openssl is not installed")
async def test_jq_and_openssl_verify_a_receipt_and_refuse_a_changed_one(folder: Path) -> None:
    def shell() -> subprocess.CompletedProcess[str]:
        return subprocess.run(["sh", "-c", SHELL], cwd=folder, capture_output=True, text=True, check=False)

    good = shell()
    assert (good.returncode, "Verified Successfully" in good.stdout) == (0, True), good.stderr
    tampered(folder)
    assert shell().returncode != 0
