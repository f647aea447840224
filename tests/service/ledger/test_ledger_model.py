"""The ledger against a model of it, whatever is done in whatever order, on both databases."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from backend.db.engine import Database
from backend.kernel.clock import FrozenClock
from backend.kernel.errors import Conflict, InsufficientCredits, Invalid, NotFound
from backend.kernel.ids import RunId, WorkspaceId
from backend.kernel.money import Credits
from backend.ledger.service import Ledger
from backend.ledger.views import HoldStatus, LotSource
from tests.conftest import NOW

WORKSPACES = [WorkspaceId("ws_a"), WorkspaceId("ws_b")]
AMOUNTS = st.integers(1, 60)
NEVER = NOW + timedelta(days=10_000)


@dataclass
class Lot:
    ref: str
    expires: Any
    made: int
    remaining: int


@dataclass
class Account:
    """What a workspace should have, worked out in the simplest way."""

    lots: list[Lot] = field(default_factory=list)
    holds: dict[RunId, int] = field(default_factory=dict)
    paid: dict[RunId, list[tuple[Lot, int]]] = field(default_factory=dict)

    @property
    def balance(self) -> int:
        return sum(lot.remaining for lot in self.lots)

    @property
    def held(self) -> int:
        return sum(self.holds.values())

    def take(self, amount: int, lots: list[Lot]) -> list[tuple[Lot, int]]:
        """What each lot gave."""
        taken = []
        for lot in sorted(lots, key=lambda lot: (lot.expires, lot.made)):
            part = min(lot.remaining, amount)
            lot.remaining -= part
            amount -= part
            taken.append((lot, part))
        return taken

    def write_off(self, lots: list[Lot]) -> int:
        amount = min(sum(lot.remaining for lot in lots), self.balance - self.held)
        self.take(amount, lots)
        return amount


class LedgerMachine(RuleBasedStateMachine):
    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock = FrozenClock(NOW)
        self.fresh()
        self.ledger = Ledger(self.database, self.clock)
        self.accounts = {workspace: Account() for workspace in WORKSPACES}
        self.granted: dict[str, bool] = {}
        self.runs: dict[RunId, tuple[WorkspaceId, int]] = {}
        self.receipts: dict[RunId, Any] = {}
        self.made = 0

    def fresh(self) -> None:
        raise NotImplementedError

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    @rule(ws=st.sampled_from(WORKSPACES), n=st.integers(0, 12), amount=AMOUNTS, days=st.none() | st.integers(1, 5))
    def grant(self, ws: WorkspaceId, n: int, amount: int, days: int | None) -> None:
        expires = self.clock.now() + timedelta(days=days) if days else None
        # Time moves between two grants, so that the older of two lots is never in doubt.
        self.clock.advance(timedelta(seconds=1))

        async def work() -> bool:
            async with self.database.write() as tx:
                return await self.ledger.grant(
                    tx,
                    workspace_id=ws,
                    amount=Credits(amount),
                    source=LotSource.ORDER,
                    ref=f"order-{n % 4}",
                    key=f"{ws}-{n}",
                    expires_at=expires,
                )

        assert self.do(work()) == (f"{ws}-{n}" not in self.granted)
        if f"{ws}-{n}" not in self.granted:
            self.granted[f"{ws}-{n}"] = True
            self.made += 1
            self.accounts[ws].lots.append(Lot(f"order-{n % 4}", expires or NEVER, self.made, amount))

    @rule(ws=st.sampled_from(WORKSPACES), n=st.integers(0, 15), amount=AMOUNTS)
    def hold(self, ws: WorkspaceId, n: int, amount: int) -> None:
        run, account = RunId(f"run-{ws}-{n}"), self.accounts[ws]
        self.lapse(account)
        if run in self.runs:
            assert self.do(self.ledger.hold(ws, run, Credits(amount))).amount == Credits(self.runs[run][1])
        elif account.balance - account.held >= amount:
            assert self.do(self.ledger.hold(ws, run, Credits(amount))).status == HoldStatus.OPEN
            account.holds[run], self.runs[run] = amount, (ws, amount)
        else:
            # The refusal is rolled back with the expiry it made, so the model must not keep that either.
            with pytest.raises(InsufficientCredits):
                self.do(self.ledger.hold(ws, run, Credits(amount)))
            self.do(self.ledger.expire())
            for other in self.accounts.values():
                self.lapse(other)

    @rule(pick=st.integers(0, 30), percent=st.integers(-5, 110), release=st.booleans())
    def close(self, pick: int, percent: int, release: bool) -> None:
        if not self.runs:
            return
        run = list(self.runs)[pick % len(self.runs)]
        _, held = self.runs[run]
        charged = 0 if release else held * percent // 100
        work = self.ledger.release(run) if release else self.ledger.settle(run, Credits(charged))
        if run in self.receipts:
            assert self.do(work) == self.receipts[run]
        elif not 0 <= charged <= held:
            with pytest.raises(Invalid):
                self.do(work)
        else:
            self.ended(run, charged, self.do(work))

    def ended(self, run: RunId, charged: int, receipt: Any) -> None:
        self.receipts[run] = receipt
        ws, held = self.runs[run]
        account = self.accounts[ws]
        del account.holds[run]
        account.paid[run] = account.take(charged, account.lots)
        assert (receipt.charged, receipt.released) == (Credits(charged), Credits(held - charged))
        assert sum(lot.amount.micro for lot in receipt.lots) == charged
        assert receipt.available == Credits(account.balance - account.held)

    @rule(asked=st.lists(st.tuples(st.sampled_from(WORKSPACES), st.integers(0, 15), AMOUNTS, st.none() | AMOUNTS), min_size=2, max_size=9))
    def many_at_once(self, asked: list[tuple[WorkspaceId, int, int, int | None]]) -> None:
        """Holds and ends that share one commit: each is answered as if it came alone, in their order."""
        self.time_passes(0)
        runs = [RunId(f"run-{ws}-{n}") for ws, n, _, _ in asked]

        async def work() -> list[Any]:
            ledger = self.ledger
            each = [
                ledger.hold(ws, run, Credits(amount)) if charged is None else ledger.settle(run, Credits(charged))
                for run, (ws, _, amount, charged) in zip(runs, asked, strict=True)
            ]
            return await asyncio.gather(*each, return_exceptions=True)

        for run, (ws, _, amount, charged), answer in zip(runs, asked, self.do(work()), strict=True):
            account = self.accounts[ws]
            if charged is not None:
                self.ended_or_not(run, charged, answer)
            elif run in self.runs:
                assert answer.amount == Credits(self.runs[run][1])
            elif account.balance - account.held >= amount:
                assert answer.status == HoldStatus.OPEN
                account.holds[run], self.runs[run] = amount, (ws, amount)
            else:
                assert isinstance(answer, InsufficientCredits)

    def ended_or_not(self, run: RunId, charged: int, answer: Any) -> None:
        if run not in self.runs:
            assert isinstance(answer, NotFound)
        elif run in self.receipts:
            assert answer == self.receipts[run]
        elif charged > self.runs[run][1]:
            assert isinstance(answer, Invalid)
        else:
            self.ended(run, charged, answer)

    @rule(pick=st.integers(0, 30))
    def refund(self, pick: int) -> None:
        if not self.runs:
            return
        run = list(self.runs)[pick % len(self.runs)]
        ws, _ = self.runs[run]
        work = self.ledger.refund(run, "nonsense", by="a test")
        if run not in self.receipts:
            with pytest.raises(Conflict):
                self.do(work)
        elif not self.receipts[run].charged:
            with pytest.raises(Invalid):
                self.do(work)
        elif self.receipts[run].refunded:
            assert self.do(work) == self.receipts[run]
        else:
            before, self.receipts[run] = self.receipts[run], self.do(work)
            assert self.receipts[run] == replace(before, refunded=before.charged, refunded_at=self.clock.now())
            self.give_back(self.accounts[ws], run)

    def give_back(self, account: Account, run: RunId) -> None:
        """To the lots that paid; what an expired one paid is a new lot."""
        anew = 0
        for lot, part in account.paid.pop(run):
            if lot.expires <= self.clock.now():
                anew += part
            else:
                lot.remaining += part
        if anew:
            self.made += 1
            account.lots.append(Lot(run, NEVER, self.made, anew))
        # Time moves on, so that the older of two lots is never in doubt.
        self.clock.advance(timedelta(seconds=1))

    @rule(ws=st.sampled_from(WORKSPACES), n=st.integers(0, 3), again=st.integers(0, 2))
    def take_back(self, ws: WorkspaceId, n: int, again: int) -> None:
        async def work() -> Credits:
            async with self.database.write() as tx:
                return await self.ledger.take_back(tx, workspace_id=ws, ref=f"order-{n}", key=f"{ws}-{n}-{again}")

        key, account = f"back-{ws}-{n}-{again}", self.accounts[ws]
        taken = self.do(work())
        if key not in self.receipts:
            self.receipts[RunId(key)] = Credits(account.write_off([lot for lot in account.lots if lot.ref == f"order-{n}"]))
        assert taken == self.receipts[RunId(key)]

    @rule(hours=st.integers(1, 40))
    def time_passes(self, hours: int) -> None:
        self.clock.advance(timedelta(hours=hours))
        self.do(self.ledger.expire())
        for account in self.accounts.values():
            self.lapse(account)

    def lapse(self, account: Account) -> None:
        account.write_off([lot for lot in account.lots if lot.expires <= self.clock.now()])

    @invariant()
    def the_ledger_says_what_the_model_says(self) -> None:
        for ws, account in self.accounts.items():
            balance = self.do(self.ledger.balance(ws))
            assert (balance.balance.micro, balance.held.micro) == (account.balance, account.held)
            lots = sorted(self.do(self.ledger.lots(ws)), key=lambda lot: (lot.created_at, lot.id))
            assert [lot.remaining.micro for lot in lots] == [lot.remaining for lot in account.lots]

    def teardown(self) -> None:
        assert self.do(self.ledger.prove()) == []
        self.do(self.database.dispose())
        self.loop.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_the_ledger_behaves_like_its_model(kind: str, request: pytest.FixtureRequest) -> None:
    url = str(request.getfixturevalue(f"{kind}_url"))

    class Sqlite(LedgerMachine):
        def fresh(self) -> None:
            self.folder = tempfile.mkdtemp()
            copy = shutil.copy(url.removeprefix("sqlite:///"), Path(self.folder) / "cmp.db")
            self.database = Database(f"sqlite:///{copy}", pooled=False)

        def teardown(self) -> None:
            super().teardown()
            shutil.rmtree(self.folder)

    class Postgres(LedgerMachine):
        def fresh(self) -> None:
            self.database = Database(url)

            async def empty() -> None:
                async with self.database.write() as tx:
                    # Only the tables' owner may do this, and only by switching the guards off for this one transaction.
                    await tx.execute(text("SET LOCAL session_replication_role = replica"))
                    for table in ("refund", "entry", "transaction", "hold", "lot", "watch", "account"):
                        await tx.execute(text(f"DELETE FROM ledger_{table}"))

            self.do(empty())

    # A round trip to a server costs more than a call into a library, so SQLite is given more of the search.
    machine, examples = (Sqlite, 15) if kind == "sqlite" else (Postgres, 8)
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        machine, settings=settings(max_examples=examples, stateful_step_count=25, deadline=None, suppress_health_check=slow)
    )
