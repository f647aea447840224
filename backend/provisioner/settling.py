"""Puts into effect what Saleor says of an order's money and what an operator decided about it: the one place where that happens.

Inside the caller's transaction, which holds the order's row. Done again with the same facts and decision, it changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backend.control_plane.offerings import Offering
from backend.db.engine import Tx
from backend.kernel.clock import Clock
from backend.kernel.money import Money
from backend.provisioner import facts, policy, repository
from backend.provisioner.facts import Facts
from backend.provisioner.granting import Granting, Taken
from backend.provisioner.models import OrderRow
from backend.provisioner.policy import PARTLY, Plan, Standing, Status

PAST = {Status.REFUNDED: "refunded", Status.CANCELLED: "cancelled", Status.CHARGED_BACK: "charged back"}


@dataclass(frozen=True, slots=True)
class Settling:
    clock: Clock
    granting: Granting

    async def settle(self, tx: Tx, row: OrderRow, seen: Facts, known: Mapping[str, Offering], key: str, by: str = "CMP") -> None:
        """known: what the SKUs of its lines stand for. key: names this look or decision in the order's log."""
        before = row.standing
        row.received_minor = max(row.received_minor, seen["charged"] + seen["refunded"])
        now = policy.standing(seen, refund_seen=row.refund_seen, once_paid=policy.once_paid(before), received=row.received_minor)
        row.standing, row.facts, row.mark = now, dict(seen), facts.mark(seen)
        if now is Standing.PAID:
            row.decision = {}
        if row.decision:
            row.decision = dict(policy.carried(row.decision, now, seen, row.received_minor))  # type: ignore[arg-type]
        plan = policy.plan(now, seen, row.received_minor, row.decision or None)  # type: ignore[arg-type]
        if now is Standing.UNPAID:
            await repository.forget(tx, row.ref, "paid")
            row.status, row.reason, done = Status.UNPAID, "The shop does not hold the whole sum yet.", ""
        elif plan.away and plan.away.issuperset(policy.pieces(seen["lines"])):
            done = await self._take_all(tx, row, plan, policy.GONE.get(now, Status.REFUNDED))
        else:
            done = await self._keep_some(tx, row, plan, known)
        if done or now != before:
            await repository.log(tx, row.ref, key, self.clock.now(), f"{_words(now, row)} {done}".strip(), by)

    async def _take_all(self, tx: Tx, row: OrderRow, plan: Plan, status: Status) -> str:
        taken = await self.granting.take(tx, row, plan.away, f"Order {row.number} was {PAST[status]}.", self.clock.now())
        row.status, row.reason = status, _charged_back(row) if status is Status.CHARGED_BACK else ""
        await repository.forget(tx, row.ref, PARTLY)
        note = f"Unspent credits taken back: {taken.credits}." if taken.credits else ""
        await repository.reach(tx, row.ref, "returned", self.clock.now(), note)
        return _taken(taken)

    async def _keep_some(self, tx: Tx, row: OrderRow, plan: Plan, known: Mapping[str, Offering]) -> str:
        now = self.clock.now()
        await repository.reach(tx, row.ref, "paid", row.placed_at)
        await repository.reach(tx, row.ref, "received", now)
        await repository.forget(tx, row.ref, "returned")
        taken = await self.granting.take(tx, row, plan.away, f"Order {row.number} was partly refunded.", now)
        if not plan.away:
            await repository.forget(tx, row.ref, PARTLY)
        elif taken.units:
            await repository.forget(tx, row.ref, PARTLY)
            await repository.reach(tx, row.ref, PARTLY, now, _taken(taken))
        if not policy.units(row.lines, known) and (missing := policy.unknown(row.lines, known, plan.away)):
            # Whoever bought nothing of ours has nothing to claim.
            row.status, row.reason = Status.NEEDS_HAND, _unknown(missing)
            return _taken(taken)
        if row.workspace_id is None:
            row.status, row.reason = Status.UNCLAIMED, f"Waits to be claimed by whoever proves the e-mail address {row.email}."
            return _taken(taken)
        if plan.undecided:
            row.status, row.reason = Status.NEEDS_HAND, _undecided(plan, row)
            return _taken(taken)
        given = await self.granting.give(tx, row, known, plan.away, now)
        if given:
            row.told_at = None
        missing = policy.unknown(row.lines, known, plan.away)
        as_it_was = row.status == Status.READY and not given and not taken.units
        row.status = Status.NEEDS_HAND if missing else Status.READY if as_it_was else Status.PAID
        row.reason = _unknown(missing) if missing else ""
        if not missing:
            await repository.reach(tx, row.ref, "granted", now)
        return f"{_given(given)} {_taken(taken)}".strip()


def _words(now: Standing, row: OrderRow) -> str:
    said = {
        Standing.PAID: "Paid in full.",
        Standing.UNPAID: "Not paid in full.",
        Standing.PARTLY_REFUNDED: _partly(row),
        Standing.REFUNDED: "Refunded in full.",
        Standing.CANCELLED: "Cancelled in the shop.",
        Standing.CHARGED_BACK: _charged_back(row),
    }
    return said[now]


def _partly(row: OrderRow) -> str:
    unpaid = policy.unpaid(_facts(row), row.received_minor)
    back = policy.missing(_facts(row)) - unpaid
    said = [f"{_money(back, row)} of it went back."] if back else []
    return " ".join([*said, f"{_money(unpaid, row)} of it was never paid."] if unpaid else said)


def _charged_back(row: OrderRow) -> str:
    """In words for the operator."""
    return f"The buyer's bank took {_money(policy.lost(_facts(row), row.received_minor), row)} back. Restore the order when it is settled."


def _unknown(skus: list[str]) -> str:
    return f"Nothing is offered under {', '.join(skus)}."


def _undecided(plan: Plan, row: OrderRow) -> str:
    if unpaid := policy.unpaid(_facts(row), row.received_minor):
        # Whoever pays the rest is given the rest: that look finds the order paid.
        return f"{_partly(row)} What was not given yet waits for the {_money(unpaid, row)}. Collect it, or decide what to take back."
    return f"Partly refunded: {_money(plan.undecided, row)} went back, and the shop does not say for what. Decide what to take back."


def _given(units: int) -> str:
    return f"Added {units} {'unit' if units == 1 else 'units'}." if units else ""


def _taken(taken: Taken) -> str:
    if not taken.units:
        return f"Taken back {taken.credits} unspent credits that a run had held." if taken.credits else ""
    return f"Taken back {taken.units} {'unit' if taken.units == 1 else 'units'}, with {taken.credits} unspent credits."


def _facts(row: OrderRow) -> Facts:
    return row.facts  # type: ignore[return-value]


def _money(minor: int, row: OrderRow) -> str:
    return str(Money(minor, row.currency))
