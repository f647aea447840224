"""What the bank's customers were told, held against its books."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from backend.db.engine import Database
from backend.kernel.clock import SystemClock
from backend.kernel.ids import RunId, WorkspaceId
from backend.kernel.money import Credits
from backend.ledger.service import Ledger
from backend.ledger.views import HoldStatus, LotSource
from tests.service.ledger.teller import WORKSPACES


@contextmanager
def teller(url: str, clients: int, rounds: int) -> Iterator[subprocess.Popen[str]]:
    """A process of `teller`, ready."""
    words = [sys.executable, "-m", "tests.service.ledger.teller", url, str(clients), str(rounds)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def start(process: subprocess.Popen[str], names: str, told: Told) -> list[int]:
    """Have it start processes of its own; which."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{names}\n")
    process.stdin.flush()
    while not (line := process.stdout.readline()).startswith("started"):
        assert line, "the teller died"
        told.hear(line)
    return [int(word) for word in line.split()[1:]]


async def grant(url: str, amount: int, lots: int) -> None:
    """To each workspace, in so many lots."""
    database = Database(url)
    ledger = Ledger(database, SystemClock())
    for workspace in WORKSPACES:
        for lot in range(lots):
            async with database.write() as tx:
                lot_amount = Credits(amount // lots)
                key = f"{workspace}-{lot}"
                await ledger.grant(tx, workspace_id=workspace, amount=lot_amount, source=LotSource.ORDER, ref=key, key=key)
    await database.dispose()


@dataclass
class Told:
    """Everything that was acknowledged, to whomever, since the books were opened."""

    held: dict[RunId, tuple[WorkspaceId, int]] = field(default_factory=dict)
    charged: dict[RunId, int] = field(default_factory=dict)
    short: int = 0

    def hear(self, line: str) -> None:
        what, run, *rest = *line.split(), ""
        assert what not in ("", "failed"), "a teller broke"
        if what == "ready":
            return
        if what == "short":
            self.short += 1
            return
        workspace, amount = WorkspaceId(rest[0]), int(rest[1])
        if what == "held":
            assert self.held.setdefault(RunId(run), (workspace, amount)) == (workspace, amount)
        else:
            assert self.charged.setdefault(RunId(run), amount) == amount, f"{run} was ended twice"

    async def is_in_the_books(self, url: str, granted: int, *, and_no_more: bool) -> None:
        """and_no_more: nobody died between doing and telling, so that nothing else is there either."""
        database = Database(url)
        ledger = Ledger(database, SystemClock())
        try:
            assert await ledger.prove() == []
            open_holds = {hold.run_id: hold for hold in await ledger.open_holds(SystemClock().now())}
            for workspace in WORKSPACES:
                mine = [run for run, (owner, _) in self.held.items() if owner == workspace]
                receipts = await ledger.receipts(workspace, mine)
                for run in mine:
                    self._kept(run, receipts, open_holds, and_no_more)
                balance = await ledger.balance(workspace)
                held = sum(hold.amount.micro for hold in open_holds.values() if hold.workspace_id == workspace)
                spent = sum(self.charged.get(run, 0) for run in mine)
                assert balance.held.micro == held
                assert balance.available.micro >= 0
                assert balance.balance.micro == granted - spent if and_no_more else balance.balance.micro <= granted - spent
            if and_no_more:
                assert set(open_holds) == set(self.held) - set(self.charged)
        finally:
            await database.dispose()

    def _kept(self, run: RunId, receipts: dict, open_holds: dict, and_no_more: bool) -> None:  # type: ignore[type-arg]
        if run in self.charged:
            assert receipts[run].charged.micro == self.charged[run], run
            assert run not in open_holds
        elif and_no_more:
            assert run in open_holds, f"{run} was held, and is lost"
        else:
            assert run in open_holds or receipts[run].status is not HoldStatus.OPEN, f"{run} was held, and is lost"


async def proves(url: str) -> list[str]:
    database = Database(url)
    try:
        return await Ledger(database, SystemClock()).prove()
    finally:
        await database.dispose()
