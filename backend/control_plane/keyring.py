"""The keyring: a workspace's API keys with what they may do, which agents they may use, and what they may spend.

A person who administers the workspace may make any key. A key may make and change keys that are no stronger than itself.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from backend.control_plane.budgets import Budgets, Limits, key_subject
from backend.control_plane.instances import Instances
from backend.db.engine import Database
from backend.identity.keys import ApiKeys, KeyLimits, KeyView, NewKey
from backend.kernel.caller import Caller, Door
from backend.kernel.errors import Forbidden, Invalid, NotFound
from backend.kernel.ids import InstanceId


@dataclass(frozen=True, slots=True)
class KeyWish:
    """A key as it should be. instances: None for all agents."""

    name: str
    limits: KeyLimits = field(default_factory=KeyLimits)
    budget: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class KeyDetail:
    key: KeyView
    budget: Limits

    @property
    def wish(self) -> KeyWish:
        return KeyWish(self.key.name, self.key.limits, self.budget)


@dataclass(frozen=True, slots=True)
class MadeKey:
    """secret: given out here and never again."""

    detail: KeyDetail
    secret: str


class Keyring:
    def __init__(self, database: Database, keys: ApiKeys, instances: Instances, budgets: Budgets) -> None:
        self._database, self._keys, self._instances, self._budgets = database, keys, instances, budgets

    async def create(self, caller: Caller, wish: KeyWish) -> MadeKey:
        """Raises Invalid with fields, Conflict `too_many_keys`, Forbidden `key_too_weak` for a key that asks for more than it has."""
        await self._check(caller, wish)
        async with self._database.write() as tx:
            made: NewKey = await self._keys.create(caller.workspace_id, caller.account_id, wish.name, wish.limits, tx=tx)
            await tx.flush()
            await self._budgets.put(tx, caller.workspace_id, key_subject(made.view.id), wish.budget)
        return MadeKey(KeyDetail(made.view, wish.budget), made.secret)

    async def list(self, caller: Caller) -> list[KeyDetail]:
        """Newest first, revoked ones too. A key that is limited to some agents sees those that may use no others."""
        budgets = await self._budgets.all(caller.workspace_id)
        keys = [KeyDetail(view, budgets.get(key_subject(view.id), Limits())) for view in await self._keys.list(caller.workspace_id)]
        return [detail for detail in keys if _within(detail.key.limits.instances, caller.instances)]

    async def get(self, caller: Caller, key_id: str) -> KeyDetail:
        """Raises NotFound for another workspace's key, and for one that this key may not see."""
        view = await self._keys.get(caller.workspace_id, key_id)
        if not _within(view.limits.instances, caller.instances):
            raise NotFound("There is no such key.")
        subject = key_subject(view.id)
        return KeyDetail(view, (await self._budgets.of(subject)).get(subject, Limits()))

    async def change(self, caller: Caller, key_id: str, wish: KeyWish) -> KeyDetail:
        """Make the key as wished, at once. Raises what `create` raises, NotFound, and Conflict `key_revoked`."""
        before = await self.get(caller, key_id)
        await self._reach(caller, before.wish)
        await self._check(caller, wish, known=before.key.limits.instances or frozenset())
        async with self._database.write() as tx:
            await self._keys.change(tx, caller.workspace_id, key_id, wish.name, wish.limits)
            await self._budgets.put(tx, caller.workspace_id, key_subject(before.key.id), wish.budget)
        self._keys.changed(before.key.id)
        return await self.get(caller, key_id)

    async def revoke(self, caller: Caller, key_id: str) -> None:
        """The key stops working at once. Safe to repeat. Raises NotFound, Forbidden `key_too_weak` for a key that is weaker."""
        found = await self.get(caller, key_id)
        if found.key.id != caller.key_id:
            await self._reach(caller, found.wish)
        await self._keys.revoke(caller.workspace_id, found.key.id)

    async def _reach(self, caller: Caller, wish: KeyWish) -> None:
        """Raises Forbidden `key_too_weak`. A person is bound by nothing here."""
        if caller.door is Door.API:
            assert caller.key_id, "whoever comes by the API has a key"
            _no_stronger(await self.get(caller, caller.key_id), wish)

    async def _check(self, caller: Caller, wish: KeyWish, known: Collection[InstanceId] = ()) -> None:
        await self._reach(caller, wish)
        if wish.limits.instances is not None:
            there = {view.id for view in await self._instances.list(caller)} | set(known)
            if missing := sorted(wish.limits.instances - there):
                raise Invalid("Check the agents.", fields={"instances": f"There is no agent {missing[0][:64]}."})


def _no_stronger(own: KeyDetail, wish: KeyWish) -> None:
    """Raises Forbidden `key_too_weak` when the key `own` reaches for more than it has."""
    limits, mine = wish.limits, own.key.limits
    if own.budget:
        # Each key it made would have the whole budget again.
        why = "A key with a budget cannot make, change or revoke keys."
    elif not limits.scopes <= mine.scopes:
        why = f"This key does not have the scope “{min(limits.scopes - mine.scopes)}” itself."
    elif not _within(limits.instances, mine.instances):
        why = "This key is limited to some agents, and the other would reach more."
    elif mine.expires_at is not None and (limits.expires_at is None or limits.expires_at > mine.expires_at):
        why = "This key ends before the other would."
    else:
        return
    raise Forbidden(why, code="key_too_weak")


def _within(inner: frozenset[InstanceId] | None, outer: frozenset[InstanceId] | None) -> bool:
    """None is all there are."""
    return outer is None or (inner is not None and inner <= outer)
