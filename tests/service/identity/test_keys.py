from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from backend.identity.models import ApiKeyRow
from backend.kernel.errors import Invalid, NotFound, Unauthenticated
from tests.service.identity.people import Town


async def test_a_key_is_found_by_its_secret_and_only_its_hash_is_stored(town: Town) -> None:
    caller = await town.member()
    new = await town.keys.create(caller.workspace_id, caller.account_id, "  Our   site ")
    assert new.secret.startswith("cmp_")
    assert new.secret.startswith(new.view.prefix)
    found = await town.keys.find(new.secret)
    assert found is not None
    assert (found.id, found.workspace_id, found.name) == (new.view.id, caller.workspace_id, "Our site")
    async with town.database.read() as tx:
        assert new.secret not in repr((await tx.scalars(select(ApiKeyRow))).one())


async def test_a_revoked_key_is_refused_and_told_so(town: Town) -> None:
    caller = await town.member()
    new = await town.keys.create(caller.workspace_id, caller.account_id, "Our site")
    await town.keys.revoke(caller.workspace_id, new.view.id)
    await town.keys.revoke(caller.workspace_id, new.view.id)
    with pytest.raises(Unauthenticated) as refused:
        await town.keys.find(new.secret)
    assert refused.value.code == "key_revoked"
    assert [key.revoked for key in await town.keys.list(caller.workspace_id)] == [True]


async def test_another_workspaces_key_cannot_be_seen_or_revoked(town: Town) -> None:
    ann, bob = await town.member("ann@example.com"), await town.member("bob@example.com")
    new = await town.keys.create(ann.workspace_id, ann.account_id, "Ann's")
    assert await town.keys.list(bob.workspace_id) == []
    with pytest.raises(NotFound):
        await town.keys.revoke(bob.workspace_id, new.view.id)
    assert await town.keys.find(new.secret) is not None


async def test_the_last_use_of_a_key_is_noted(town: Town) -> None:
    caller = await town.member()
    new = await town.keys.create(caller.workspace_id, caller.account_id, "Our site")
    assert (await town.keys.list(caller.workspace_id))[0].last_used_at is None
    await town.keys.find(new.secret)
    town.clock.advance(timedelta(hours=1))
    await town.keys.find(new.secret)
    assert (await town.keys.list(caller.workspace_id))[0].last_used_at == town.clock.now()


@pytest.mark.parametrize("name", ["", "   ", "x" * 81])
async def test_a_key_needs_a_name_of_some_length(town: Town, name: str) -> None:
    caller = await town.member()
    with pytest.raises(Invalid):
        await town.keys.create(caller.workspace_id, caller.account_id, name)
