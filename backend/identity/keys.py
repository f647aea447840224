"""API keys of a workspace: shown once, kept as SHA-256, limited, revoked at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlmodel import col

from backend.db.engine import Database, Tx
from backend.identity.models import ApiKeyRow
from backend.kernel.caller import NEW_KEY_SCOPES, Scope
from backend.kernel.clock import Clock
from backend.kernel.errors import Conflict, Invalid, NotFound, Unauthenticated
from backend.kernel.ids import AccountId, InstanceId, KeyId, WorkspaceId, new_key_id
from backend.kernel.memory import Callers
from backend.kernel.secrets import fingerprint, new_token

PREFIX = "cmp_"
MAX_LIVE_KEYS = 100
LONGEST = timedelta(days=3660)
"""How far ahead a key's end may lie: ten years."""
_SHOWN = 12
_TOUCH = timedelta(minutes=1)
"""How stale `last_used_at` may get: a run should not cost a write here."""


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """instances: the only agents it may use, None for all. expires_at: it works before then, for ever when None."""

    scopes: frozenset[Scope] = NEW_KEY_SCOPES
    instances: frozenset[InstanceId] | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class KeyView:
    """prefix: the first characters of the secret, enough to recognise it by."""

    id: KeyId
    name: str
    prefix: str
    limits: KeyLimits
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
    limits: KeyLimits


class ApiKeys:
    """callers: told of every key that is changed, so that the change counts at once."""

    def __init__(self, database: Database, clock: Clock, callers: Callers) -> None:
        self._database, self._clock, self._callers = database, clock, callers

    async def create(
        self, workspace_id: WorkspaceId, account_id: AccountId | None, name: str, limits: KeyLimits | None = None, *, tx: Tx | None = None
    ) -> NewKey:
        """tx: a unit of work of the caller's. Raises Invalid with fields; Conflict `too_many_keys` at MAX_LIVE_KEYS."""
        if tx is None:
            async with self._database.write() as own:
                return await self.create(workspace_id, account_id, name, limits, tx=own)
        name, limits, now = normal_name(name), limits or KeyLimits(), self._clock.now()
        check(limits, now)
        live = select(func.count()).where(col(ApiKeyRow.workspace_id) == workspace_id, col(ApiKeyRow.revoked_at).is_(None))
        if (await tx.scalars(live)).one() >= MAX_LIVE_KEYS:
            raise Conflict(f"A workspace has at most {MAX_LIVE_KEYS} keys. Revoke one first.", code="too_many_keys")
        secret = new_token(PREFIX)
        row = ApiKeyRow(
            id=new_key_id(),
            workspace_id=workspace_id,
            account_id=account_id,
            name=name,
            prefix=secret[:_SHOWN],
            secret_hash=fingerprint(secret),
            created_at=now,
            **_columns(limits),
        )
        tx.add(row)
        return NewKey(_view(row), secret)

    async def list(self, workspace_id: WorkspaceId) -> list[KeyView]:
        """Newest first, revoked ones too."""
        mine = select(ApiKeyRow).where(col(ApiKeyRow.workspace_id) == workspace_id).order_by(col(ApiKeyRow.id).desc())
        async with self._database.read() as tx:
            return [_view(row) for row in await tx.scalars(mine)]

    async def get(self, workspace_id: WorkspaceId, key_id: str) -> KeyView:
        """Raises NotFound for another workspace's key."""
        async with self._database.read() as tx:
            return _view(await _row(tx, workspace_id, key_id))

    async def change(self, tx: Tx, workspace_id: WorkspaceId, key_id: str, name: str, limits: KeyLimits) -> None:
        """Call `changed` once it is committed. Raises NotFound, Invalid with fields, Conflict `key_revoked`."""
        row = await _row(tx, workspace_id, key_id)
        if row.revoked_at is not None:
            raise Conflict("This key is revoked and stays so. Make a new one.", code="key_revoked")
        row.name = normal_name(name)
        # A key that is over may be renamed, and given another end.
        check(limits, self._clock.now() if limits.expires_at != row.expires_at else None)
        for column, value in _columns(limits).items():
            setattr(row, column, value)

    def changed(self, key_id: KeyId) -> None:
        """What was remembered of the key counts no more."""
        self._callers.forget(key_id)

    async def revoke(self, workspace_id: WorkspaceId, key_id: KeyId) -> None:
        """Safe to repeat. Raises NotFound for another workspace's key."""
        async with self._database.write() as tx:
            row = await _row(tx, workspace_id, key_id)
            row.revoked_at = row.revoked_at or self._clock.now()
        self.changed(key_id)

    async def find(self, secret: str) -> StoredKey | None:
        """The key with this secret, its use noted; None when there is none.

        Raises Unauthenticated `key_revoked` or `key_expired`: whoever has the secret may know why it does not work.
        """
        now, mine = self._clock.now(), col(ApiKeyRow.secret_hash) == fingerprint(secret)
        async with self._database.read() as tx:
            row = await tx.scalar(select(ApiKeyRow).where(mine))
        if row is None:
            return None
        if row.revoked_at is not None:
            raise Unauthenticated("This key was revoked.", code="key_revoked")
        if row.expires_at is not None and row.expires_at <= now:
            raise Unauthenticated(f"This key expired at {row.expires_at:%Y-%m-%d %H:%M} UTC.", code="key_expired")
        if row.used_at is None or now - row.used_at >= _TOUCH:
            async with self._database.write() as tx:
                await tx.execute(update(ApiKeyRow).where(mine).values(used_at=now))
        account_id = AccountId(row.account_id) if row.account_id else None
        return StoredKey(KeyId(row.id), WorkspaceId(row.workspace_id), account_id, row.name, _limits(row))


def normal_name(name: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= 80:
        raise Invalid("Name the key.", fields={"name": "1 to 80 characters, to recognise it by."})
    return name


def check(limits: KeyLimits, now: datetime | None) -> None:
    """now: None when the end was checked before. Raises Invalid with fields."""
    if not limits.scopes:
        raise Invalid("Say what the key is for.", fields={"scopes": "At least one."})
    if limits.instances is not None and not limits.instances:
        raise Invalid("Say which agents the key may use.", fields={"instances": "At least one, or null for all."})
    if now is not None and limits.expires_at is not None and not now < limits.expires_at <= now + LONGEST:
        raise Invalid("Check when the key ends.", fields={"expires_at": "In the future, at most ten years ahead."})


def _columns(limits: KeyLimits) -> dict[str, Any]:
    instances = sorted(limits.instances) if limits.instances is not None else None
    return {"scopes": sorted(limits.scopes), "instances": instances, "expires_at": limits.expires_at}


async def _row(tx: Tx, workspace_id: WorkspaceId, key_id: str) -> ApiKeyRow:
    row = await tx.get(ApiKeyRow, key_id)
    if row is None or row.workspace_id != workspace_id:
        raise NotFound("There is no such key.")
    return row


def _limits(row: ApiKeyRow) -> KeyLimits:
    instances = _ids(row.instances) if row.instances is not None else None
    return KeyLimits(frozenset(Scope(scope) for scope in row.scopes), instances, row.expires_at)


def _ids(instances: Sequence[str]) -> frozenset[InstanceId]:
    return frozenset(InstanceId(instance) for instance in instances)


def _view(row: ApiKeyRow) -> KeyView:
    return KeyView(KeyId(row.id), row.name, row.prefix, _limits(row), row.created_at, row.used_at, revoked=row.revoked_at is not None)
