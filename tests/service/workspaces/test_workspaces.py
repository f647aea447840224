from __future__ import annotations

from backend.kernel.caller import Role
from backend.kernel.ids import WorkspaceId
from backend.workspaces.models import MembershipRow, WorkspaceRow
from tests.service.identity.people import Town


async def test_an_account_has_one_personal_workspace_however_often_it_is_made(town: Town) -> None:
    account = await town.person()
    async with town.database.write() as tx:
        again = await town.workspaces.create_personal(tx, account.id, "Another name")
    assert [m.workspace for m in await town.workspaces.of(account.id)] == [again]


async def test_a_stranger_has_no_role(town: Town) -> None:
    ann, bob = await town.person("ann@example.com"), await town.person("bob@example.com")
    mine = (await town.workspaces.of(ann.id))[0].workspace
    assert await town.workspaces.role(ann.id, mine.id) is Role.OWNER
    assert await town.workspaces.role(bob.id, mine.id) is None


async def test_a_workspace_exists_or_not(town: Town) -> None:
    account = await town.person()
    assert await town.workspaces.exists((await town.workspaces.of(account.id))[0].workspace.id)
    assert not await town.workspaces.exists(WorkspaceId("ws_none"))


async def test_the_personal_workspace_comes_first(town: Town) -> None:
    account, now = await town.person(), town.clock.now()
    async with town.database.write() as tx:
        tx.add(WorkspaceRow(id="ws_00000000", name="Older", created_at=now))
        await tx.flush()
        tx.add(MembershipRow(workspace_id="ws_00000000", account_id=account.id, role="viewer", created_at=now))
    assert [m.role for m in await town.workspaces.of(account.id)] == [Role.OWNER, Role.VIEWER]
