"""The whole proof by command and by night: a drift is an alarm for whoever reads logs, mail or figures, and stops nothing."""

from __future__ import annotations

import json
import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from prometheus_client import generate_latest
from typer.testing import CliRunner

from backend.cli import app
from backend.db.engine import Database
from backend.kernel.clock import FrozenClock
from backend.kernel.errors import Invalid
from backend.kernel.ids import WorkspaceId
from backend.kernel.money import Credits
from backend.ledger.proof import CHECKS
from backend.ledger.service import Ledger
from backend.ledger.views import LotSource
from backend.mail import Mail
from backend.main import System
from backend.operator.metrics import measure
from backend.operator.proving import Proving
from tests.service.identity.people import Outbox
from tests.service.tampering import tamper
from tests.wired import system

__all__ = ["system"]
DRIFT = "UPDATE ledger_account SET balance = balance + 1 WHERE balance > 0"


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
async def proving(database: Database, clock: FrozenClock, outbox: Outbox) -> Proving:
    ledger = Ledger(database, clock)
    async with database.write() as tx:
        await ledger.grant(tx, workspace_id=WorkspaceId("ws_1"), amount=Credits.of(5), source=LotSource.GIFT, ref="gift", key="gift:1")
    return Proving(database, clock, ledger, outbox, CHECKS, "CMP", ("one@example.com", "two@example.com"))


async def test_sound_books_are_silent_and_their_figures_are_0(proving: Proving, outbox: Outbox, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        await proving.nightly()
    assert (caplog.records, outbox.sent) == ([], [])
    await measure(proving)
    figures = generate_latest().decode()
    assert figures.count("cmp_proof_faults{") == len(CHECKS)
    assert 'cmp_proof_faults{check="balances against lots"} 0.0' in figures
    [told] = [line for line in figures.splitlines() if line.startswith("cmp_proof_last_run_timestamp_seconds ")]
    assert float(told.split()[1]) == proving.clock.now().timestamp()


async def test_a_drift_is_logged_mailed_to_every_operator_and_measured(
    database: Database, proving: Proving, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    await tamper(database, DRIFT)
    with caplog.at_level(logging.ERROR):
        await proving.nightly()
    assert [record.levelname for record in caplog.records] == ["ERROR"] * 2
    assert "account ws_1: balance 5000001 is not the sum of its entries, 5000000" in caplog.text
    assert [mail.to for mail in outbox.sent] == ["one@example.com", "two@example.com"]
    assert outbox.sent[0].subject == "The books of CMP do not prove: 2 faults"
    assert "balance 5000001 is not what its lots have left" in outbox.sent[0].text
    await measure(proving)
    assert 'cmp_proof_faults{check="balances against lots"} 1.0' in generate_latest().decode()


async def test_the_figures_are_0_again_after_the_next_sound_night(database: Database, proving: Proving) -> None:
    await tamper(database, DRIFT)
    await proving.nightly()
    await tamper(database, "UPDATE ledger_account SET balance = balance - 1")
    await proving.nightly()
    report = await proving.last()
    assert report is not None
    assert report.faults == 0


async def test_an_operator_who_cannot_be_told_keeps_nobody_else_from_it(
    database: Database, proving: Proving, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def send(mail: Mail, *, key: str) -> None:
        if mail.to.startswith("one"):
            raise Invalid("no such address")
        outbox.sent.append(mail)

    monkeypatch.setattr(outbox, "send", send)
    await tamper(database, DRIFT)
    await proving.nightly()
    assert [mail.to for mail in outbox.sent] == ["two@example.com"]


async def test_a_mail_of_a_thousand_faults_names_the_first_and_counts_the_rest(proving: Proving, outbox: Outbox) -> None:
    await proving._tell([f"fault {n}" for n in range(1000)], proving.clock.now())
    assert "- fault 19\n- and 980 more" in outbox.sent[0].text
    assert "fault 20" not in outbox.sent[0].text


def test_every_room_is_proven_and_the_nightly_is_scheduled_under_its_old_name(system: System) -> None:
    names = {check.name for check in system.services.proofs.proving.checks}
    assert {"lots against entries", "open holds against runs under way", "units against their lots"} <= names
    assert len(names) == len(system.services.proofs.proving.checks)
    assert "ledger.nightly" in system.services.durable._schedules


def test_figures_are_shown_to_prometheus_and_readiness_does_not_hang_on_them(system: System) -> None:
    answer = TestClient(system.app).get("/metrics")
    assert "cmp_proof_last_run_timestamp_seconds 0.0" in answer.text


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CMP_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("CMP_SECRET_KEY", "a-secret-for-tests")
    return tmp_path


def test_the_command_says_each_step_and_ends_with_0_when_all_is_proven(installation: Path) -> None:
    plain = CliRunner().invoke(app, ["ledger", "prove"])
    assert plain.exit_code == 0
    assert "] balances against entries" in plain.stdout
    assert plain.stdout.endswith("The books are proven.\n")
    told = json.loads(CliRunner().invoke(app, ["ledger", "prove", "--json"]).stdout)
    assert (told["ok"], told["faults"]) == (True, [])
    assert {"check", "faults", "seconds"} == set(told["checks"][0])


def test_the_command_ends_with_1_and_names_the_drift(installation: Path) -> None:
    assert CliRunner().invoke(app, ["migrate"]).exit_code == 0
    with closing(sqlite3.connect(installation / "var" / "cmp.db")) as connection, connection:
        connection.execute("INSERT INTO ledger_account (workspace_id, balance, held, entries) VALUES ('ws_1', 7, 0, 0)")
    plain = CliRunner().invoke(app, ["ledger", "prove"])
    assert (plain.exit_code, plain.stdout.splitlines()[-1]) == (1, "2 faults.")
    assert "account ws_1: balance 7 is not the sum of its entries, 0" in plain.stdout
    machine = CliRunner().invoke(app, ["ledger", "prove", "--json"])
    assert (machine.exit_code, json.loads(machine.stdout)["ok"]) == (1, False)
