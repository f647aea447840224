"""`cmpctl ledger refund` and `cmpctl receipts …` as an operator and a customer use them."""

from __future__ import annotations

import asyncio
import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from backend.cli import app
from backend.db.engine import Database
from backend.kernel.clock import SystemClock
from backend.kernel.ids import RunId, WorkspaceId
from backend.kernel.money import Credits
from backend.kernel.secrets import SecretBox
from backend.ledger.service import Ledger
from backend.ledger.signing import Keyring
from backend.ledger.views import LotSource

RECEIPT = {"run_id": "run_1", "status": "settled", "held": "3", "charged": "2", "released": "1", "lots": [{"id": "l", "amount": "2"}]}


def run(*words: str, text: str | None = None) -> Result:
    return CliRunner().invoke(app, list(words), input=text)


@pytest.fixture
def url(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An installation in which run_1 was charged 2 credits."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CMP_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("CMP_SECRET_KEY", "a-secret-for-tests")
    url = f"sqlite:///{tmp_path / 'var' / 'cmp.db'}"
    (tmp_path / "var").mkdir()
    shutil.copy(sqlite_template, tmp_path / "var" / "cmp.db")

    async def spend() -> None:
        database = Database(url)
        ledger, workspace = Ledger(database, SystemClock()), WorkspaceId("ws_1")
        async with database.write() as tx:
            await ledger.grant(tx, workspace_id=workspace, amount=Credits.of(5), source=LotSource.GIFT, ref="g", key="g")
        await ledger.hold(workspace, RunId("run_1"), Credits.of(3))
        await ledger.settle(RunId("run_1"), Credits.of(2))
        await database.dispose()

    asyncio.run(spend())
    return url


@pytest.fixture
def receipt(url: str, tmp_path: Path) -> Path:
    """A signed receipt in a file, and the published keys in another, as a customer keeps them."""

    async def sign() -> dict[str, Any]:
        database = Database(url)
        made = await Keyring(database, SystemClock(), SecretBox("a-secret-for-tests", "receipts")).sign(RECEIPT)
        await database.dispose()
        return {**RECEIPT, "signature": {"alg": made.alg, "kid": made.kid, "value": made.value}}

    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(asyncio.run(sign())))
    kept = run("receipts", "keys")
    assert kept.exit_code == 0
    (tmp_path / "cmp-receipts.json").write_text(kept.stdout)
    return path


def test_a_run_is_given_back_by_command_once(url: str) -> None:
    first = run("ledger", "refund", "run_1", "--reason", "nonsense", "--by", "operator@example.com", "--json")
    assert (first.exit_code, json.loads(first.stdout)["refunded"]) == (0, "2")
    again = run("ledger", "refund", "run_1", "--reason", "nonsense")
    assert (again.exit_code, "2 credits of run_1 are given back" in again.stdout) == (0, True)


@pytest.mark.parametrize(("asked", "said"), [(("run_none", "x"), "Nothing was held"), (("run_1", " "), "Say why")])
def test_what_cannot_be_given_back_is_said_in_words(url: str, asked: tuple[str, str], said: str) -> None:
    answer = run("ledger", "refund", asked[0], "--reason", asked[1])
    assert (answer.exit_code, said in answer.stderr) == (1, True)


def test_a_receipt_is_verified_without_the_server(receipt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing of the installation is left to ask.
    monkeypatch.setenv("CMP_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    answer = run("receipts", "verify", str(receipt))
    assert (answer.exit_code, answer.stdout.startswith("Valid: run run_1 was charged 2 credits")) == (0, True)
    piped = run("receipts", "verify", "-", "--keys", str(tmp_path / "cmp-receipts.json"), "--json", text=receipt.read_text())
    assert (piped.exit_code, json.loads(piped.stdout)["valid"]) == (0, True)


def test_a_tampered_receipt_ends_with_1_and_says_so(receipt: Path) -> None:
    receipt.write_text(receipt.read_text().replace('"charged": "2"', '"charged": "1"'))
    answer = run("receipts", "verify", str(receipt), "--json")
    assert (answer.exit_code, json.loads(answer.stdout)["code"]) == (1, "wrong_signature")


def test_a_receipt_of_an_unknown_key_ends_with_1_until_the_newest_keys_are_taken(receipt: Path, tmp_path: Path) -> None:
    (tmp_path / "cmp-receipts.json").write_text('{"keys": []}')
    answer = run("receipts", "verify", str(receipt))
    assert (answer.exit_code, "Take the newest key file" in answer.stdout) == (1, True)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "[]"])
def test_a_file_that_is_no_receipt_ends_with_2(receipt: Path, text: str) -> None:
    receipt.write_text(text)
    assert run("receipts", "verify", str(receipt)).exit_code == 2


def test_missing_files_and_addresses_end_with_2(receipt: Path) -> None:
    assert run("receipts", "verify", str(receipt), "--keys", "none.json").exit_code == 2
    assert run("receipts", "verify", "none.json").exit_code == 2
    assert run("receipts", "verify", str(receipt), "--keys", "http://127.0.0.1:1/keys").exit_code == 2


def test_old_receipts_verify_after_a_rotation_unless_the_key_leaked(receipt: Path, tmp_path: Path) -> None:
    keys = tmp_path / "cmp-receipts.json"
    assert json.loads(run("receipts", "rotate", "--json").stdout)["withdrawn"] is False
    keys.write_text(run("receipts", "keys").stdout)
    assert len(json.loads(keys.read_text())["keys"]) == 2
    assert run("receipts", "verify", str(receipt)).exit_code == 0
    assert "Earlier keys are withdrawn." in run("receipts", "rotate", "--leaked").stdout
    keys.write_text(run("receipts", "keys").stdout)
    assert run("receipts", "verify", str(receipt)).exit_code == 1


@pytest.fixture
def published(receipt: Path, tmp_path: Path) -> Iterator[str]:
    body = (tmp_path / "cmp-receipts.json").read_bytes()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path.endswith("/cmp-receipts.json") else 404)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_keys_may_be_asked_for_by_their_address(published: str, receipt: Path) -> None:
    assert run("receipts", "verify", str(receipt), "--keys", f"{published}/.well-known/cmp-receipts.json").exit_code == 0
    assert run("receipts", "verify", str(receipt), "--keys", f"{published}/elsewhere").exit_code == 2
