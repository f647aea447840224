from __future__ import annotations

from backend.control_plane.people import People
from backend.kernel.caller import Role
from backend.kernel.ids import AccountId
from backend.workspaces.models import MembershipRow
from tests.service.identity.people import Town


async def test_owners_and_admins_with_a_proven_address_answer_for_a_workspace(town: Town) -> None:
    people = People(town.workspaces, town.accounts)
    ann = await town.member()
    assert ann.account_id is not None
    assert await people.admins(ann.workspace_id) == []
    others = {role: (await town.person(f"{role}@example.com")).id for role in (Role.ADMIN, Role.MEMBER)}
    await town.member("bob@example.com")
    async with town.database.write() as tx:
        for account_id in (ann.account_id, *others.values()):
            await town.accounts.mark_verified(tx, AccountId(account_id))
        for role, account_id in others.items():
            tx.add(MembershipRow(workspace_id=ann.workspace_id, account_id=account_id, role=role, created_at=town.clock.now()))
    assert await people.admins(ann.workspace_id) == ["ann@example.com", "admin@example.com"]
