"""Compares what is true in the shop with our books, line by line and to the micro-credit."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select, text
from sqlmodel import col

from backend.container import Services
from backend.control_plane.models import InstanceRow
from backend.db.engine import Database
from backend.kernel.ids import WorkspaceId
from backend.provisioner.models import GrantRow, OrderRow
from backend.provisioner.policy import Status

HAS_REASON = {Status.NEEDS_HAND, Status.UNCLAIMED, Status.UNPAID}


@dataclass
class Comparison:
    """homes: the workspace of each e-mail address whose owner is known by now."""

    services: Services
    homes: dict[str, WorkspaceId]
    differences: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def check(self, holds: object, words: str) -> None:
        if not holds:
            self.differences.append(words)

    async def taken(self, deliveries: list[list[str]]) -> None:
        """Each delivery that was answered 202, as [order, cause, key], is durable work. Before a reconciliation, which would hide it."""
        database = Database(self.services.settings.durable_database)
        table = "workflow_status" if database.is_sqlite else "dbos.workflow_status"
        async with self.services.database.read() as tx:
            refs = {row.saleor_order_id: row.ref for row in (await tx.execute(select(OrderRow))).scalars()}
        async with database.read() as tx:
            known = set((await tx.execute(text(f"SELECT workflow_uuid FROM {table}"))).scalars())
        await database.dispose()
        for order, cause, key in deliveries:
            self.check(f"order:{refs.get(order)}:{cause}:{key}" in known, f"a delivery ({cause}) was acknowledged and is nowhere")
        self.counts["deliveries acknowledged, and durable"] = len(deliveries)

    async def compare(self, truth: list[dict[str, Any]]) -> None:
        offerings = {one["sku"]: await self.services.offerings.by_sku(one["sku"]) for order in truth for one in order["lines"]}
        async with self.services.database.read() as tx:
            rows = {row.saleor_order_id: row for row in (await tx.execute(select(OrderRow))).scalars()}
            grants = list((await tx.execute(select(GrantRow))).scalars())
            instances = {row.id: row for row in (await tx.execute(select(InstanceRow))).scalars()}
            doubled = (
                select(GrantRow.order_ref, GrantRow.line_id, GrantRow.unit)  # type: ignore[call-overload]
                .group_by(col(GrantRow.order_ref), col(GrantRow.line_id), col(GrantRow.unit))
                .having(func.count() > 1)
            )
            self.check(not (await tx.execute(doubled)).all(), "some units were granted twice")
        by_order: dict[str, list[GrantRow]] = {}
        for grant in grants:
            by_order.setdefault(grant.order_ref, []).append(grant)
        expected: Counter[str] = Counter()
        for order in truth:
            self._order(order, rows.get(order["id"]), by_order, instances, offerings, expected)
        known = {order["id"] for order in truth}
        for row in rows.values():
            self.check(row.saleor_order_id in known, f"{row.ref}: kept for an order that never was (a forgery was stored)")
        agents = [grant.instance_id for grant in grants if grant.kind == "agent"]
        self.check(len(set(agents)) == len(agents) == len(instances), f"{len(instances)} agents for {len(agents)} granted ones")
        for workspace in set(self.homes.values()):
            there = (await self.services.ledger.balance(workspace)).available.micro
            self.check(there == expected[workspace], f"workspace {workspace}: {there} micro-credits instead of {expected[workspace]}")
        self.counts["micro-credits"] = sum(expected.values())
        self.differences += await self.services.ledger.prove()

    def _order(
        self,
        order: dict[str, Any],
        row: OrderRow | None,
        by_order: dict[str, list[GrantRow]],
        instances: dict[str, InstanceRow],
        offerings: dict[str, Any],
        expected: Counter[str],
    ) -> None:
        name = f"order {order['number']}"
        if not order["once_paid"]:
            self.check(row is None or not by_order.get(row.ref), f"{name}: granted though never paid")
            self.counts["never paid"] += 1
            return
        # Money that is gone without a refund was taken by a bank, even of one card of two: that suspends everything.
        charged_back = order["charged"] + order["refunded"] < order["total"]
        gone = order["status"] == "CANCELED" or order["charged"] <= 0 or charged_back
        if row is None:
            self.check(gone, f"{name}: paid, and unknown to us")
            self.counts["paid and gone again before we heard of it"] += 1
            return
        self.counts[row.status] += 1
        self.check(row.status != Status.PAID, f"{name}: still under way")
        self.check(row.status not in HAS_REASON or row.reason, f"{name}: {row.status} without a reason")
        mine = by_order.get(row.ref, [])
        home = self.homes.get(order["email"])
        if home is None:
            self.check(not mine and not any(line["fulfilled"] for line in order["lines"]), f"{name}: granted to nobody")
            return
        # Part of the money is back and the shop does not say for what: what was given stays, what was not waits for the operator.
        undecided = row.status == Status.NEEDS_HAND and 0 < order["charged"] < order["total"]
        there = {(grant.line_id, grant.unit): grant for grant in mine}
        units = {
            (line["id"], unit): offerings[line["sku"]]
            for line in order["lines"]
            if offerings[line["sku"]]
            for unit in range(1, line["quantity"] + 1)
        }
        self.check(set(there) <= set(units), f"{name}: granted what was not bought: {set(there) - set(units)}")
        if not gone and not (undecided and not there):
            self.check(set(there) == set(units), f"{name} ({row.status}): not granted: {set(units) - set(there)}")
        for piece, grant in there.items():
            self.counts["units"] += 1
            self.check(grant.active == (not gone), f"{name}: unit {piece} is {'active' if grant.active else 'taken back'} ({row.status})")
            self.check(grant.workspace_id == home, f"{name}: in another workspace")
            if not gone and piece in units:
                expected[home] += units[piece].terms.credits.micro
            if grant.instance_id:
                there_now = instances[grant.instance_id]
                self.check((there_now.status == "live") == (not gone), f"{name}: its agent is {there_now.status} ({row.status})")
        for line in order["lines"]:
            granted = sum(1 for line_id, _ in there if line_id == line["id"])
            exact = row.status in {Status.READY, Status.NEEDS_HAND} and not gone
            self.check(
                line["fulfilled"] == granted if exact else line["fulfilled"] <= granted,
                f"{name} ({row.status}): {line['fulfilled']} of {line['sku']} fulfilled, {granted} granted",
            )
