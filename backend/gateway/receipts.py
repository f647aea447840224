"""Signed receipts: what a run cost, as the ledger and the run's own row tell it, in a document that proves itself without us.

It is signed when it is read, not when a run ends: its rows do not change any more, except by a refund.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import col

from backend.db.engine import Database
from backend.gateway import policy
from backend.gateway.models import GatewayRun
from backend.gateway.receipts_schemas import SignatureOut, SignedReceiptOut
from backend.kernel.caller import Caller
from backend.kernel.errors import NotFound
from backend.kernel.ids import InstanceId, RunId
from backend.ledger.service import Ledger
from backend.ledger.signing import Keyring
from backend.ledger.views import HoldStatus, Receipt


@dataclass(frozen=True, slots=True)
class _Run:
    instance_id: str
    instance_name: str
    door: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Receipts:
    """issuer: the address of this marketplace, which stands on each."""

    database: Database
    ledger: Ledger
    keyring: Keyring
    issuer: str

    async def signed(self, caller: Caller, run_id: str) -> SignedReceiptOut:
        """Without a signature while the run is under way.

        Raises NotFound for another workspace's run and one that the caller may not see; Unavailable when it cannot be signed.
        """
        async with self.database.read() as tx:
            columns = (GatewayRun.instance_id, GatewayRun.instance_name, GatewayRun.door, GatewayRun.started_at, GatewayRun.owner)
            mine = (col(GatewayRun.id) == run_id, col(GatewayRun.workspace_id) == caller.workspace_id)
            found = (await tx.execute(select(*(col(column) for column in columns)).where(*mine))).one_or_none()
        theirs = found is not None and (not caller.own_runs_only or found[-1] == policy.owner(caller))
        if found is None or not theirs or not caller.may_use(InstanceId(found[0])):
            raise NotFound("There is no receipt for this run.")
        receipt = await self.ledger.receipt(caller.workspace_id, RunId(run_id))
        document = self._document(caller.workspace_id, _Run(*found[:-1]), receipt)
        if receipt.status is not HoldStatus.OPEN:
            made = await self.keyring.sign(document.model_dump(mode="json"))
            document.signature = SignatureOut(kid=made.kid, alg=made.alg, value=made.value)
        return document

    def _document(self, workspace_id: str, run: _Run, receipt: Receipt) -> SignedReceiptOut:
        return SignedReceiptOut(
            **SignedReceiptOut.money(receipt),
            issuer=self.issuer,
            workspace_id=workspace_id,
            instance_id=run.instance_id,
            instance_name=run.instance_name,
            door=run.door,
            started_at=run.started_at,
            refunded_at=receipt.refunded_at,
            signature=None,
        )
