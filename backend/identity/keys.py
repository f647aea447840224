"""API keys of a workspace: shown once, kept as SHA-256, revoked at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlmodel import col

from backend.db.engine import Database
from backend.identity.models import ApiKeyRow
from backend.kernel.clock import Clock
from backend.kernel.errors import Conflict, Invalid, NotFound
from backend.kernel.ids import AccountId, KeyId, WorkspaceId, new_key_id
from backend.kernel.secrets import fingerprint, new_token

PREFIX = "cmp_"
MAX_LIVE_KEYS = 100
_SHOWN = 12
_TOUCH = timedelta(minutes=1)
"""How stale `last_used_at` may get: a run should not cost a write here."""


@dataclass(frozen=True, slots=True)
class KeyView:
    """prefix: the first characters of the secret, enough to recognise it by."""

    id: KeyId
    name: str
    prefix: str
    created_at: datetime
    last_used_at: datetime | None
    revoked: bool


@dataclass(frozen=True, slots=True)
class NewKey:
    view: KeyView
    secret: str
    """Given out here and never again."""


@dataclass(frozen=True, slots=True)
class StoredKey:
    id: KeyId
    workspace_id: WorkspaceId
    account_id: AccountId | None
    name: str


class ApiKeys:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def create(self, workspace_id: WorkspaceId, account_id: AccountId | None, name: str) -> NewKey:
        """Raises Invalid with field `name`; Conflict `too_many_keys` at MAX_LIVE_KEYS."""
        name = " ".join(name.split())
        if not 0 < len(name) <= 80:
            raise Invalid("Name the key.", fields={"name": "1 to 80 characters, to recognise it by."})
        if sum(not key.revoked for key in await self.list(workspace_id)) >= MAX_LIVE_KEYS:
            raise Conflict(f"A workspace has at most {MAX_LIVE_KEYS} keys. Revoke one first.", code="too_many_keys")
        secret = new_token(PREFIX)
        row = ApiKeyRow(
            id=new_key_id(),
            workspace_id=workspace_id,
            account_id=account_id,
            name=name,
            prefix=secret[:_SHOWN],
            secret_hash=fingerprint(secret),
            created_at=self._clock.now(),
        )
        async with self._database.write() as tx:
            tx.add(row)
        return NewKey(_view(row), secret)

    async def list(self, workspace_id: WorkspaceId) -> list[KeyView]:
        """Newest first, revoked ones too."""
        mine = select(ApiKeyRow).where(col(ApiKeyRow.workspace_id) == workspace_id).order_by(col(ApiKeyRow.id).desc())
        async with self._database.read() as tx:
            return [_view(row) for row in await tx.scalars(mine)]

    async def revoke(self, workspace_id: WorkspaceId, key_id: KeyId) -> None:
        """Safe to repeat. Raises NotFound for another workspace's key."""
        async with self._database.write() as tx:
            row = await tx.get(ApiKeyRow, key_id)
            if row is None or row.workspace_id != workspace_id:
                raise NotFound("There is no such key.")
            row.revoked_at = row.revoked_at or self._clock.now()

    async def find(self, secret: str) -> StoredKey | None:
        """The live key with this secret, its use noted; None when it is unknown or revoked."""
        now = self._clock.now()
        live = (col(ApiKeyRow.secret_hash) == fingerprint(secret)) & col(ApiKeyRow.revoked_at).is_(None)
        async with self._database.read() as tx:
            row = await tx.scalar(select(ApiKeyRow).where(live))
        if row is None:
            return None
        if row.used_at is None or now - row.used_at >= _TOUCH:
            async with self._database.write() as tx:
                await tx.execute(update(ApiKeyRow).where(live).values(used_at=now))
        account_id = AccountId(row.account_id) if row.account_id else None
        return StoredKey(KeyId(row.id), WorkspaceId(row.workspace_id), account_id, row.name)


def _view(row: ApiKeyRow) -> KeyView:
    return KeyView(KeyId(row.id), row.name, row.prefix, row.created_at, row.used_at, revoked=row.revoked_at is not None)
