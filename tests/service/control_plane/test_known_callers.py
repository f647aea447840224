"""A caller is remembered for a second, and forgotten at once by whatever changes who they are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import event

from backend.control_plane.budgets import Limits
from backend.control_plane.keyring import KeyWish
from backend.identity.keys import KeyLimits
from backend.kernel.caller import Caller, Scope
from backend.kernel.errors import Unauthenticated
from backend.kernel.money import Credits
from backend.widget.views import WidgetUpdate
from tests.service.identity.people import Town

SITE = "https://shop.example.com"


async def asked(town: Town, act: Callable[[], Awaitable[object]]) -> int:
    """How many statements the database saw."""
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(town.database.engine.sync_engine, "before_cursor_execute", note)
    await act()
    event.remove(town.database.engine.sync_engine, "before_cursor_execute", note)
    return len(seen)


async def program(town: Town, secret: str) -> Caller | None:
    return await town.access.caller(None, secret)


async def test_a_key_that_was_just_used_asks_the_database_nothing(town: Town) -> None:
    ann = await town.member()
    secret = await town.key(ann)
    assert town.access.known(secret) is None
    found = await program(town, secret)
    assert found is not None
    assert await asked(town, lambda: program(town, secret)) == 0
    assert town.access.known(secret) is found
    town.clock.advance(timedelta(seconds=1))
    assert town.access.known(secret) is None
    assert await asked(town, lambda: program(town, secret)) > 0


async def test_an_unknown_key_is_never_remembered(town: Town) -> None:
    await program(town, "cmp_forged")
    assert town.access.known("cmp_forged") is None


async def test_a_cookie_is_no_bearer_and_a_key_is_no_cookie(town: Town) -> None:
    ann = await town.member()
    cookie, secret = await town.sessions.open((await town.person("bob@example.com")).id, ""), await town.key(ann)
    assert await town.access.caller(cookie, None) is not None
    assert await program(town, secret) is not None
    assert town.access.known(cookie) is None
    assert await town.access.caller(None, cookie) is None
    assert await town.access.caller(secret, None) is None


async def test_a_revoked_key_is_refused_at_once(town: Town) -> None:
    ann = await town.member()
    secret = await town.key(ann)
    found = await program(town, secret)
    assert found is not None
    assert found.key_id is not None
    await town.keyring.revoke(ann, found.key_id)
    assert town.access.known(secret) is None
    with pytest.raises(Unauthenticated) as refused:
        await program(town, secret)
    assert refused.value.code == "key_revoked"


async def test_a_key_that_another_process_revoked_is_refused_after_a_second(town: Town) -> None:
    ann = await town.member()
    secret = await town.key(ann)
    found = await program(town, secret)
    assert found is not None
    assert found.key_id is not None
    await Town(town.database, town.clock, town.settings).keys.revoke(ann.workspace_id, found.key_id)
    assert await program(town, secret) is not None
    town.clock.advance(timedelta(seconds=1))
    with pytest.raises(Unauthenticated):
        await program(town, secret)


async def test_an_edited_key_is_what_it_is_now_at_once(town: Town) -> None:
    ann = await town.member()
    agent = await town.agent(ann)
    secret = await town.key(ann)
    found = await program(town, secret)
    assert found is not None
    assert found.key_id is not None
    limits = KeyLimits(frozenset({Scope.RUNS}), frozenset({agent.id}))
    await town.keyring.change(ann, found.key_id, KeyWish("Tighter", limits, Limits(day=Credits.of(2))))
    now = await program(town, secret)
    assert now is not None
    assert (now.scopes, now.instances) == (limits.scopes, limits.instances)
    assert [(b.subject, b.period, b.limit) for b in now.budgets] == [(f"key:{found.key_id}", "day", Credits.of(2))]


async def test_a_key_ends_when_it_should_and_says_so_to_its_holder_alone(town: Town) -> None:
    ann = await town.member()
    secret = await town.key(ann, expires_at=town.clock.now() + timedelta(hours=1))
    town.clock.advance(timedelta(minutes=59))
    assert await program(town, secret) is not None
    town.clock.advance(timedelta(minutes=1))
    with pytest.raises(Unauthenticated) as refused:
        await program(town, secret)
    assert refused.value.code == "key_expired"
    assert await program(town, secret[:-1] + "?") is None


async def test_last_use_stays_right_to_the_minute_without_a_write_a_call(town: Town) -> None:
    ann = await town.member()
    secret = await town.key(ann)
    for _ in range(50):
        town.clock.advance(timedelta(seconds=5))
        await program(town, secret)
        [key] = await town.keys.list(ann.workspace_id)
        assert key.last_used_at is not None
        assert town.clock.now() - key.last_used_at < timedelta(minutes=1)


async def test_a_closed_session_is_over_at_once_and_so_is_one_that_a_new_sign_in_replaces(town: Town) -> None:
    account = await town.person()
    cookie = await town.sessions.open(account.id, "")
    assert await town.access.caller(cookie, None) is not None
    assert await asked(town, lambda: town.access.caller(cookie, None)) == 0
    fresh = await town.sessions.open(account.id, "", replacing=cookie)
    assert await town.access.caller(cookie, None) is None
    assert await town.access.caller(fresh, None) is not None
    await town.sessions.close(fresh)
    assert await town.access.caller(fresh, None) is None


@pytest.mark.parametrize("change", [WidgetUpdate(enabled=False), WidgetUpdate(allowed_origins=("https://other.example.com",))])
async def test_a_visitor_is_refused_at_once_when_the_widget_is_off_or_their_site_is_no_longer_allowed(
    town: Town, change: WidgetUpdate
) -> None:
    ann = await town.member()
    agent = await town.agent(ann)
    widget = await town.widgets.update(ann, agent.id, WidgetUpdate(allowed_origins=(SITE,)))
    token = (await town.widgets.open_session(widget.id, SITE)).token
    assert await program(town, token) is not None
    assert await asked(town, lambda: program(town, token)) == 0
    assert await asked(town, lambda: town.widgets.allows(token, SITE)) > 0
    assert await asked(town, lambda: town.widgets.allows(token, SITE)) == 0
    assert not await town.widgets.allows(token, "https://evil.example.com")
    await town.widgets.update(ann, agent.id, change)
    assert town.access.known(token) is None
    assert await program(town, token) is None


async def test_every_caller_carries_the_budgets_that_bind_it_and_a_new_one_counts_at_once(town: Town) -> None:
    ann = await town.member()
    assert ann.account_id is not None
    cookie, secret = await town.sessions.open(ann.account_id, ""), await town.key(ann)
    agent = await town.agent(ann)
    widget = await town.widgets.update(ann, agent.id, WidgetUpdate(allowed_origins=(SITE,), budget=Limits(day=Credits.of(1))))
    token = (await town.widgets.open_session(widget.id, SITE)).token

    async def carried() -> list[list[str]]:
        callers = [await town.access.caller(cookie, None), await program(town, secret), await program(town, token)]
        return [[f"{b.subject.partition(':')[0]} {b.period} {b.limit}" for b in caller.budgets] if caller else [] for caller in callers]

    assert await carried() == [[], [], ["widget day 1"]]
    await town.budgets.set_workspace(ann.workspace_id, Limits(month=Credits.of(9)))
    await town.budgets.set_member(ann.workspace_id, ann.account_id, Limits(day=Credits.of(2), month=Credits.of(3)))
    whole = "workspace month 9"
    assert await carried() == [["member day 2", "member month 3", whole], [whole], ["widget day 1", whole]]
    await town.budgets.set_workspace(ann.workspace_id, Limits())
    assert await carried() == [["member day 2", "member month 3"], [], ["widget day 1"]]


async def test_budgets_of_one_workspace_bind_no_other(town: Town) -> None:
    ann, bob = await town.member(), await town.member("bob@example.com")
    await town.budgets.set_workspace(ann.workspace_id, Limits(month=Credits.of(9)))
    caller = await program(town, await town.key(bob))
    assert caller is not None
    assert caller.budgets == ()
