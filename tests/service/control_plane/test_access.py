from __future__ import annotations

import pytest

from backend.control_plane.access import Access
from backend.kernel.caller import Door, Role
from tests.service.identity.people import Town


async def test_a_session_is_a_person_in_their_own_workspace(town: Town) -> None:
    account = await town.person()
    caller = await town.access.caller(await town.sessions.open(account.id, ""), None)
    assert caller is not None
    assert (caller.door, caller.role, caller.account_id, caller.operator) == (Door.WORKSPACE, Role.OWNER, account.id, False)
    assert caller.workspace_id == (await town.workspaces.of(account.id))[0].workspace.id


async def test_a_key_is_a_member_of_its_workspace(town: Town) -> None:
    ann = await town.member()
    new = await town.keys.create(ann.workspace_id, ann.account_id, "Our site")
    caller = await town.access.caller(None, new.secret)
    assert caller is not None
    assert (caller.door, caller.role, caller.workspace_id, caller.key_id) == (Door.API, Role.MEMBER, ann.workspace_id, new.view.id)


@pytest.mark.parametrize("bearer", ["", "cmp_forged", "cmpw_forged", "something else"])
async def test_a_bad_bearer_is_nobody_even_beside_a_good_cookie(town: Town, bearer: str) -> None:
    cookie = await town.sessions.open((await town.person()).id, "")
    assert await town.access.caller(cookie, bearer) is None


async def test_nothing_is_nobody(town: Town) -> None:
    assert await town.access.caller(None, None) is None
    assert await town.access.caller("", None) is None


async def test_only_a_proven_address_makes_an_operator(town: Town) -> None:
    settings = town.settings.model_copy(update={"operator_emails": ("ann@example.com",)})
    access = Access(town.sessions, town.keys, town.workspaces, town.budgets, settings, town.callers)
    cookie = await town.sessions.open((await town.person("ann@example.com")).id, "")
    before = await access.caller(cookie, None)
    await town.verification.confirm(town.outbox.link())
    after = await access.caller(cookie, None)
    assert before is not None
    assert after is not None
    assert (before.operator, after.operator) == (False, True)


async def test_a_raw_cookie_header_is_understood(town: Town) -> None:
    cookie = await town.sessions.open((await town.person()).id, "")
    assert await town.access.from_cookie_header(f"theme=dark; cmp_session={cookie}; x=1") is not None
    for header in ("", "theme=dark", "cmp_session=forged", "a[]=;;=\x00"):
        assert await town.access.from_cookie_header(header) is None
