"""The whole proof: every room's checks, one after the other, and the alarm when one finds a drift. Nothing is mended by itself."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from backend.db.engine import Database
from backend.db.proving import Check
from backend.durable import Durable
from backend.kernel.clock import Clock
from backend.kernel.errors import DomainError
from backend.ledger.service import Ledger
from backend.mail import Mail, Mailer
from backend.operator.models import ProofReport

AT = "17 3 * * *"
NAMED = 20
"""Faults that a mail names."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Proven:
    """One check, when it is done. words: for a progress bar. seconds: how long it took."""

    words: str
    faults: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Report:
    at: datetime
    found: dict[str, int]

    @property
    def faults(self) -> int:
        return sum(self.found.values())


Show = Callable[[int, int, Proven], None]


@dataclass(frozen=True, slots=True)
class Proving:
    """checks: of all rooms. operators_at: the e-mail addresses that are told of a drift."""

    database: Database
    clock: Clock
    ledger: Ledger
    mailer: Mailer
    checks: Sequence[Check]
    brand: str
    operators_at: Sequence[str] = ()

    def register(self, durable: Durable) -> None:
        # By the name it has had from the first day: durable work remembers schedules by their names.
        durable.schedule("ledger.nightly", AT, self.nightly)

    async def prove(self, show: Show = lambda _number, _total, _done: None) -> list[Proven]:
        """Each check is a look of its own: none keeps a transaction open for the others."""
        done: list[Proven] = []
        for number, check in enumerate(self.checks, start=1):
            began = time.monotonic()
            async with self.database.read() as tx:
                found = await check.faults(tx, self.clock.now())
            done.append(Proven(check.name, tuple(found), time.monotonic() - began))
            show(number, len(self.checks), done[-1])
        return done

    async def nightly(self) -> None:
        """Let go of what has expired, prove, and raise the alarm: an error in the log for each fault, a mail, a figure for Prometheus."""
        await self.ledger.expire()
        done = await self.prove()
        now = self.clock.now()
        async with self.database.write() as tx:
            await tx.merge(ProofReport(id=1, at=now, found={one.words: len(one.faults) for one in done}))
        faults = [fault for one in done for fault in one.faults]
        for fault in faults:
            log.error("the books do not prove: %s", fault)
        if faults:
            await self._tell(faults, now)

    async def last(self) -> Report | None:
        """What the last night found, whichever process did it."""
        async with self.database.read() as tx:
            row = await tx.get(ProofReport, 1)
        return Report(row.at, row.found) if row else None

    async def _tell(self, faults: Sequence[str], now: datetime) -> None:
        """One who cannot be told must not keep the others from it: the log has it anyway."""
        mark = hashlib.sha256("\n".join(faults).encode()).hexdigest()[:16]
        for to in self.operators_at:
            try:
                await self.mailer.send(letter(faults, to, brand=self.brand), key=f"proof:{now:%Y-%m-%d}:{mark}:{to}")
            except DomainError as fault:
                log.error("an operator cannot be told that the books do not prove: %s", fault.detail)


def letter(faults: Sequence[str], to: str, *, brand: str) -> Mail:
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    more = [f"and {len(faults) - NAMED} more"] if len(faults) > NAMED else []
    parts = [
        f"The nightly proof of {brand} found {count}. Credits and agents are given and charged as before; nothing was mended by itself.",
        "\n".join(f"- {fault}" for fault in [*faults[:NAMED], *more]),
        "Amounts are micro-credits. `cmpctl ledger prove` shows all of them, as they are now.",
    ]
    return Mail(to, f"The books of {brand} do not prove: {count}", "\n\n".join(parts) + "\n")
