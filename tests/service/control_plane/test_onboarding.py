from __future__ import annotations

import pytest
from sqlmodel import select

from backend.control_plane.onboarding import DEMO_CREDITS, DEMO_EMAIL, DemoAccount
from backend.identity.models import AccountRow
from backend.kernel.errors import Conflict
from backend.ledger.service import Ledger
from backend.workspaces.models import WorkspaceRow
from tests.service.identity.people import Town


async def test_the_demo_has_a_proven_address_and_25_credits_however_often_it_is_ensured(town: Town) -> None:
    ledger = Ledger(town.database, town.clock)
    demo = DemoAccount(town.database, town.accounts, town.workspaces, ledger)
    first = await demo.ensure("a demo password")
    second = await demo.ensure("another password")
    assert (first.password, second.password) == ("a demo password", "")
    assert (second.account.email, second.account.email_verified) == (DEMO_EMAIL, True)
    assert first.workspace_id == second.workspace_id
    assert (await ledger.balance(first.workspace_id)).available == DEMO_CREDITS
    assert await town.accounts.authenticate(DEMO_EMAIL, "a demo password") == second.account


async def test_the_demo_gets_a_password_when_none_is_given(town: Town) -> None:
    demo = DemoAccount(town.database, town.accounts, town.workspaces, Ledger(town.database, town.clock))
    made = await demo.ensure()
    assert await town.accounts.authenticate(DEMO_EMAIL, made.password) == made.account


async def test_a_refused_registration_leaves_nothing_behind(town: Town) -> None:
    await town.person()
    with pytest.raises(Conflict):
        await town.person()
    async with town.database.read() as tx:
        counts = [len((await tx.scalars(select(table))).all()) for table in (AccountRow, WorkspaceRow)]
    assert counts == [1, 1]
    assert len(town.outbox.sent) == 1
