"""Instances: the agents a workspace has bought. Another workspace's instance does not exist, as far as a caller can tell."""

from __future__ import annotations

from sqlalchemy import Select, event, select
from sqlmodel import col

from backend.control_plane import rules
from backend.control_plane.models import InstanceRow, OfferingRow
from backend.control_plane.offerings import Offerings
from backend.control_plane.offerings import view as offering_view
from backend.control_plane.views import InstanceView, Offering, Status
from backend.db.engine import Database, Tx
from backend.db.upsert import insert_once
from backend.kernel.caller import Caller
from backend.kernel.clock import Clock
from backend.kernel.errors import Conflict, Invalid, NotFound
from backend.kernel.ids import InstanceId, WorkspaceId, new_instance_id
from backend.kernel.together import Recent

__all__ = ["InstanceView", "Instances", "Status"]

MAX_NAME = 80
LIFE, MOST = 1.0, 10_000
"""Seconds that an instance is remembered for, and how many are."""


class Instances:
    def __init__(self, database: Database, clock: Clock, offerings: Offerings) -> None:
        self._database, self._clock, self._offerings = database, clock, offerings
        self._recent = Recent(self.find, life=LIFE, most=MOST)

    async def create(self, tx: Tx, *, workspace_id: WorkspaceId, offering: Offering, source_key: str, name: str = "") -> InstanceView:
        """A live instance of an agent. A repeat with the same source_key returns the first one. Raises Invalid for a credit pack."""
        if offering.kind != "agent":
            raise Invalid(f"{offering.sku} is not an agent.", code="not_an_agent")
        values = {
            "id": new_instance_id(),
            "workspace_id": workspace_id,
            "sku": offering.sku,
            "name": (name or offering.product_name)[:MAX_NAME],
            "status": Status.LIVE.value,
            "suspended_for": "",
            "source_key": source_key,
            "bought_rules": rules.written(offering.terms.rules),
            "created_at": self._clock.now(),
        }
        await insert_once(tx, InstanceRow, values, unique=["source_key"])
        return (await _views(tx, _joined().where(col(InstanceRow.source_key) == source_key)))[0]

    async def list(self, caller: Caller) -> list[InstanceView]:
        """What the caller may use, oldest first."""
        mine = _joined().where(col(InstanceRow.workspace_id) == caller.workspace_id).order_by(col(InstanceRow.id))
        if caller.instances is not None:
            mine = mine.where(col(InstanceRow.id).in_(caller.instances))
        async with self._database.read() as tx:
            return await _views(tx, mine)

    async def get(self, caller: Caller, instance_id: str) -> InstanceView:
        """Raises NotFound for one that is unknown or not the caller's to use."""
        found = await self.find(instance_id)
        if found is None or found.workspace_id != caller.workspace_id or not caller.may_use(found.id):
            raise NotFound("There is no such agent.")
        return found

    async def ready(self, caller: Caller, instance_id: str) -> InstanceView:
        """As `get`, from memory where another process may have changed it up to `LIFE` seconds ago. For what is asked all the time."""
        found = await self._recent.get(instance_id)
        if found is None or found.workspace_id != caller.workspace_id or not caller.may_use(found.id):
            raise NotFound("There is no such agent.")
        return found

    async def find(self, instance_id: str) -> InstanceView | None:
        """For the house itself, where no caller is involved."""
        async with self._database.read() as tx:
            return next(iter(await _views(tx, _joined().where(col(InstanceRow.id) == instance_id))), None)

    async def rename(self, caller: Caller, instance_id: str, name: str) -> InstanceView:
        """Raises Invalid with field `name`, NotFound."""
        name = " ".join(name.split())
        if not 0 < len(name) <= MAX_NAME:
            raise Invalid("Name the agent.", fields={"name": f"1 to {MAX_NAME} characters."})
        await self.get(caller, instance_id)
        async with self._database.write() as tx:
            (await self._changed(tx, instance_id)).name = name
        return await self.get(caller, instance_id)

    async def pause(self, caller: Caller, instance_id: str) -> InstanceView:
        """It answers nobody until it is resumed. Raises NotFound, Conflict `suspended`."""
        return await self._set(caller, instance_id, Status.PAUSED)

    async def resume(self, caller: Caller, instance_id: str) -> InstanceView:
        """Raises NotFound, Conflict `suspended`."""
        return await self._set(caller, instance_id, Status.LIVE)

    async def suspend(self, tx: Tx, instance_id: str, reason: str) -> None:
        """Stop it for a reason its owner will read. Safe to repeat. Raises NotFound."""
        row = await self._changed(tx, instance_id)
        row.status, row.suspended_for = Status.SUSPENDED.value, reason[:300]

    async def restore(self, tx: Tx, instance_id: str) -> None:
        """Let a suspended agent answer again, with all it had. One that is not suspended stays as it is. Raises NotFound."""
        row = await self._changed(tx, instance_id)
        if row.status == Status.SUSPENDED:
            row.status, row.suspended_for = Status.LIVE.value, ""

    async def raise_plan(self, tx: Tx, *, workspace_id: WorkspaceId, instance_id: str, sku: str) -> None:
        """Put an agent on another plan of the same product, at today's price; it keeps its name, documents and address.

        Raises NotFound for another workspace's agent, Invalid `not_a_plan` when the SKU is not a plan of its product.
        """
        row = await self._changed(tx, instance_id)
        if row.workspace_id != workspace_id:
            raise NotFound("There is no such agent.")
        now, wanted = await self._offerings.by_sku(row.sku), await self._offerings.by_sku(sku)
        if now is None or wanted is None or wanted.kind != "agent" or wanted.product_slug != now.product_slug:
            raise Invalid(f"{sku} is not a plan of this agent.", code="not_a_plan")
        row.sku, row.bought_rules = wanted.sku, rules.written(wanted.terms.rules)

    async def by_source(self, source_key: str) -> InstanceView | None:
        """The instance that an order line's unit was turned into."""
        async with self._database.read() as tx:
            return next(iter(await _views(tx, _joined().where(col(InstanceRow.source_key) == source_key))), None)

    async def _changed(self, tx: Tx, instance_id: str) -> InstanceRow:
        """The row, locked, to be changed; what is remembered of it is forgotten when that is done."""
        event.listen(tx.sync_session, "after_commit", lambda _: self._recent.forget(instance_id), once=True)
        return await _row(tx, instance_id)

    async def _set(self, caller: Caller, instance_id: str, status: Status) -> InstanceView:
        await self.get(caller, instance_id)
        async with self._database.write() as tx:
            row = await self._changed(tx, instance_id)
            if row.status == Status.SUSPENDED:
                raise Conflict(f"This agent is suspended: {row.suspended_for}", code="suspended")
            row.status = status.value
        return await self.get(caller, instance_id)


def _joined() -> Select[tuple[InstanceRow, OfferingRow]]:
    return select(InstanceRow, OfferingRow).join(OfferingRow, col(OfferingRow.sku) == col(InstanceRow.sku))


async def _row(tx: Tx, instance_id: str) -> InstanceRow:
    row = await tx.get(InstanceRow, instance_id, with_for_update=True)
    if row is None:
        raise NotFound("There is no such agent.")
    return row


async def _views(tx: Tx, query: Select[tuple[InstanceRow, OfferingRow]]) -> list[InstanceView]:
    return [_view(*row) for row in await tx.execute(query)]


def _view(row: InstanceRow, sold: OfferingRow) -> InstanceView:
    offering = offering_view(sold)
    return InstanceView(
        id=InstanceId(row.id),
        name=row.name,
        status=Status(row.status),
        sku=offering.sku,
        plan=offering.plan,
        plan_name=offering.plan_name,
        product_slug=offering.product_slug,
        product_name=offering.product_name,
        emblem=offering.emblem,
        terms=offering.terms.under(rules.holding(row.bought_rules, sold.rules)),
        created_at=row.created_at,
        source_key=row.source_key,
        workspace_id=WorkspaceId(row.workspace_id),
        suspended_for=row.suspended_for,
    )
