"""Orders through the real door while our process is killed with SIGKILL every few seconds.

usage: python -m benchmarks.orders_under_fire [--orders 1000] [--kill-every 5] [--seed 1] [--database URL]

The shop, a payment app, a webhook sender and our backend are processes of their own; the first three stay up and misbehave on purpose (see
their modules), the last dies all the time. Then it is started once more and reconciled, and its books are compared with the shop's, line by
line and to the micro-credit. Ends with 1 when they differ, naming the first differences. Without `--orders` it is a short run of 40.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil

from backend.db.migrate import upgrade
from backend.kernel.ids import WorkspaceId
from backend.main import System, assemble
from backend.settings import Settings
from benchmarks._books import Comparison
from benchmarks._buyers import Buyers
from benchmarks._system import free_port, load
from benchmarks.webhooks import postgres, process, until

MEMBERS, STRANGERS, LATECOMERS = 20, 6, 3
"""Buyers with an account and a workspace; buyers without; and how many of those make an account at the end."""
SETTLE = 900.0
"""Seconds for the last start to finish what is left."""


@dataclass
class Fire:
    """database: a PostgreSQL URL, or "" for SQLite in the folder."""

    folder: Path
    orders: int
    kill_every: float
    seed: int
    database: str
    kills: int = 0
    peak: int = 0
    homes: dict[str, WorkspaceId] = field(default_factory=dict)
    figures: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.port, self.random = free_port(), random.Random(f"fire-{self.seed}")
        self.members = [f"member{number}@example.com" for number in range(MEMBERS)]
        self.strangers = [f"stranger{number}@example.com" for number in range(STRANGERS)]
        self.environment: dict[str, str] = {}

    async def run(self) -> int:
        with ExitStack() as stack:
            shop_port, payments_port = free_port(), free_port()
            self._start(stack, "_shop_apart", str(self.folder), str(shop_port))
            await until((self.folder / "shop.json").exists)
            shop = json.loads((self.folder / "shop.json").read_text())
            self._start(stack, "_payment_app", str(self.folder), str(payments_port), str(self.seed))
            self._start(stack, "_webhook_sender", str(self.folder), f"http://127.0.0.1:{self.port}", str(self.seed))
            await until((self.folder / "jwks.json").exists)
            self.environment = {
                "CMP_SALEOR_API_URL": shop["url"],
                "CMP_SALEOR_APP_TOKEN": shop["ours"],
                "CMP_DATABASE_URL": self.database,
                "CMP_DATA_DIR": str(self.folder / "var"),
                "CMP_PORT": str(self.port),
            }
            await self._people()
            return await self._fight(shop, f"http://127.0.0.1:{payments_port}")

    def _start(self, stack: ExitStack, module: str, *arguments: str) -> None:
        stack.enter_context(process(f"benchmarks.{module}", *arguments, log=self.folder / f"{module}.log"))

    async def _fight(self, shop: dict[str, str], payments: str) -> int:
        began = time.monotonic()
        supervisor = asyncio.create_task(self._supervise())
        buyers = Buyers(shop, payments, [*self.members, *self.strangers], self.seed)
        buying = asyncio.create_task(buyers.buy(self.orders, at_once=8))
        async with httpx.AsyncClient(timeout=300) as http:
            while not buying.done():
                await asyncio.wait([buying], timeout=1)
                if supervisor.done():
                    # Our process ended by itself: what comes after would prove nothing.
                    buying.cancel()
                    await supervisor
                if sum(count for name, count in buyers.done.items() if name.startswith("paid")) > self.orders / 2:
                    (self.folder / "rotate").touch()
            await buying
            while (await http.get(f"{payments}/busy")).json():
                await asyncio.sleep(0.2)
            self.figures["seconds until everything was bought"] = round(time.monotonic() - began)
            (self.folder / "stop").touch()
            await until((self.folder / "sent.json").exists)
            supervisor.cancel()
            with suppress(asyncio.CancelledError):
                await supervisor
            self.figures["seconds until every delivery was dealt with"] = round(time.monotonic() - began)
            await self._last_life()
            self.figures["seconds until the last order was settled"] = round(time.monotonic() - began)
            await buyers.close()
            truth = (await http.get(shop["url"].replace("/graphql/", "/fire/truth"))).json()
        return await self._report(truth, buyers)

    async def _supervise(self) -> None:
        """Start our backend, and kill it: now while it works, now while it starts."""
        while True:
            with process("benchmarks._backend", log=self.folder / "backend.log", **self.environment) as child:
                if self.random.random() < 0.85:
                    await self._healthy(child)
                until_death = time.monotonic() + self.random.uniform(0.3, 1.7) * self.kill_every
                while time.monotonic() < until_death:
                    await asyncio.sleep(0.1)
                    if child.poll() is not None:
                        raise RuntimeError(f"our process ended by itself:\n{(self.folder / 'backend.log').read_text()[-3000:]}")
                    self.peak = max(self.peak, psutil.Process(child.pid).memory_info().rss)
            # Left without its context manager's mercy: `process` ends its child by SIGKILL.
            self.kills += 1

    async def _healthy(self, child: subprocess.Popen[bytes]) -> None:
        async with httpx.AsyncClient(timeout=2) as http:
            while child.poll() is None:
                try:
                    if (await http.get(f"http://127.0.0.1:{self.port}/health")).status_code == 200:
                        return
                except httpx.HTTPError:
                    await asyncio.sleep(0.1)

    def _system(self) -> System:
        os.environ.update(self.environment)
        return assemble(Settings(_env_file=None))  # type: ignore[call-arg]

    async def _people(self) -> None:
        system = self._system()
        await asyncio.to_thread(upgrade, system.services.settings.database)
        await system.services.offerings.sync(system.services.products)
        for email in self.members:
            await self._register(system, email)
        await _closed(system)

    async def _register(self, system: System, email: str) -> Any:
        services = system.services
        async with services.database.write() as tx:
            account = await services.accounts.add(tx, email, "no-password")
            workspace = await services.workspaces.create_personal(tx, account.id, "Theirs")
            await services.accounts.mark_verified(tx, account.id)
        self.homes[email] = workspace.id
        return await services.accounts.get(account.id)

    async def _last_life(self) -> None:
        """Start once more, reconcile, let some of the unclaimed be claimed, and wait until nothing is under way."""
        system = self._system()
        services = system.services
        await services.durable.start()
        try:
            comparison = self.comparison = Comparison(services, self.homes)
            await comparison.taken(json.loads((self.folder / "taken.json").read_text()))
            await self._quiet(system)
            since = services.clock.now() - timedelta(days=1)
            repaired = list((await services.reconciler.reconcile(since)).taken_up)
            self.figures["orders taken up by the last reconciliation"] = len(repaired)
            await self._quiet(system)
            for email in self.strangers[:LATECOMERS]:
                claimed = await services.orders.claim(await self._register(system, email))
                self.figures["orders claimed by those who came later"] += len(claimed)
            await self._quiet(system)
            report = await services.reconciler.reconcile(since)
            await self._quiet(system)
            self.figures["orders taken up by another one after it"] = len(report.taken_up)
            for ref in report.without_order:
                self.figures["granted without a paid order"] += 1
                print(f"   given without a paid order: {ref}")
            truth_url = self.environment["CMP_SALEOR_API_URL"].replace("/graphql/", "/fire/truth")
            await comparison.compare((await services.http.get(truth_url, timeout=300)).json())
        finally:
            await services.durable.stop()
            await _closed(system)

    async def _quiet(self, system: System) -> None:
        """Until no durable work of orders is left."""
        until_then = time.monotonic() + SETTLE
        calm = 0
        while calm < 3 and time.monotonic() < until_then:
            calm = 0 if await system.services.durable.under_way("provision_order") else calm + 1
            await asyncio.sleep(0.5)

    async def _report(self, truth: list[dict[str, Any]], buyers: Buyers) -> int:
        comparison, sent = self.comparison, json.loads((self.folder / "sent.json").read_text())
        told = {
            "orders": len(truth),
            "kills by SIGKILL": self.kills,
            "our process at most, MB": round(self.peak / 1e6),
            **self.figures,
            **{f"buyers: {name}": count for name, count in sorted(buyers.done.items())},
            **{f"sender: {name}": count for name, count in sorted(sent.items())},
            **{f"books: {name}": count for name, count in sorted(comparison.counts.items())},
        }
        for name, figure in told.items():
            print(f"   {name}: {figure}")
        differences = list(comparison.differences)
        if len(truth) != self.orders:
            differences.append(f"{len(truth)} orders in the shop instead of {self.orders}")
        if sent.get("forged, TAKEN"):
            differences.append(f"{sent['forged, TAKEN']} forged deliveries were taken")
        if sent.get("refused though true"):
            differences.append(f"{sent['refused though true']} true deliveries were refused for good")
        for words in differences[:20]:
            print(f"   DIFFERENT {words}")
        print(f"{len(differences)} differences" if differences else "every order granted exactly once, not one credit more or less")
        return 1 if differences else 0


async def _closed(system: System) -> None:
    await system.services.commerce.close()
    await system.services.http.aclose()
    await system.services.database.dispose()


def main() -> int:
    words = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    words.add_argument("--orders", type=int, default=40)
    words.add_argument("--kill-every", type=float, default=5.0, help="seconds, on average")
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--database", default="sqlite", help="sqlite, or the URL of a PostgreSQL whose user may create databases")
    words.add_argument("--keep", default="", help="a folder to leave logs and databases in")
    given = words.parse_args()
    kind = "SQLite" if given.database == "sqlite" else "PostgreSQL"
    print(f"   {given.orders} orders on {kind}, killed every {given.kill_every} s, seed {given.seed} ({load()})", flush=True)
    with ExitStack() as stack:
        folder = Path(given.keep or stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        url = "" if given.database == "sqlite" else stack.enter_context(postgres(given.database))
        return asyncio.run(Fire(folder, given.orders, given.kill_every, given.seed, url).run())


if __name__ == "__main__":
    sys.exit(main())
