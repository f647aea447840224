"""What the page of webhooks shows and does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from backend.kernel.caller import Role
from backend.kernel.clock import FrozenClock
from backend.kernel.errors import Unavailable
from backend.settings import Settings
from cmp_web.state.app_webhooks import Hooks
from tests.service.webhooks.receiver import Receiver, receiving
from tests.web.app.conftest import Desk, call


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"webhooks_private": True})


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


def typed(url: str, *events: str, **more: Any) -> dict[str, Any]:
    return {"url": url, "description": "Ours", **{f"on-{name.replace('.', '-')}": True for name in events}, **more}


async def opened(desk: Desk, receiver: Receiver) -> Hooks:
    """The tab of a webhook that was just made."""
    tab = desk.tab(Hooks, "/app/webhooks")
    await call(Hooks.load, tab)
    await call(Hooks.create, tab, typed(receiver.url, "run.completed"))
    here = desk.tab(Hooks, f"/app/webhooks?webhook={tab.rows[0].id}")
    await call(Hooks.load, here)
    return here


async def closed(desk: Desk) -> None:
    await desk.services.webhook_room.deliverer.stop()


async def test_a_webhook_is_made_and_its_secret_is_shown_until_it_is_kept(desk: Desk, receiver: Receiver) -> None:
    tab = desk.tab(Hooks, "/app/webhooks")
    await call(Hooks.load, tab)
    assert (tab.phase, tab.rows, tab.secret) == ("ready", [], "")
    await call(Hooks.create, tab, typed(receiver.url, "run.completed", "credits.low", content=True))
    (row,) = tab.rows
    assert (row.url, row.events, row.content, row.status_words) == (receiver.url, "run.completed, credits.low", True, "Live")
    assert tab.secret.startswith("whsec_")
    await call(Hooks.kept, tab)
    assert tab.secret == ""
    again = desk.tab(Hooks, "/app/webhooks")
    await call(Hooks.load, again)
    assert (len(again.rows), again.secret) == (1, "")


async def test_what_is_wrong_stands_at_its_field(desk: Desk) -> None:
    tab = desk.tab(Hooks, "/app/webhooks")
    await call(Hooks.load, tab)
    await call(Hooks.create, tab, typed("ftp://example.com/", "run.completed"))
    assert ("https" in tab.url_fault, tab.events_fault, tab.problem, tab.rows) == (True, "", "", [])
    await call(Hooks.create, tab, typed("nonsense"))
    assert (tab.url_fault != "", tab.events_fault != "") == (True, True)
    await call(Hooks.create, tab, typed("https://example.com/"))
    assert ("at least one" in tab.events_fault, tab.url_fault) == (True, "")
    await call(Hooks.create, tab, typed("https://example.com/", "run.completed") | {"description": "x" * 81})
    assert ("80" in tab.description_fault, tab.events_fault) == (True, "")


async def test_a_test_a_replay_and_what_was_answered_are_shown(desk: Desk, receiver: Receiver) -> None:
    tab = await opened(desk, receiver)
    assert (tab.phase, tab.open.url, tab.sent) == ("ready", receiver.url, [])
    receiver.status, receiver.text = 500, "<b>out of order</b>"
    await call(Hooks.test, tab)
    (row,) = tab.sent
    assert (row.type, row.status_words, row.said, row.snippet) == ("webhook.test", "Failed", "Answered 500", "<b>out of order</b>")
    assert tab.said.startswith("Test sent. Answered 500 after")
    await call(Hooks.unfold, tab, row.id)
    assert tab.shown == row.id
    receiver.status = 200
    await call(Hooks.replay, tab, row.id)
    assert tab.sent[0].status_words == "Waits"
    await desk.services.webhook_room.deliverer.turn()
    await call(Hooks.look, tab)
    assert (tab.sent[0].status_words, tab.sent[0].attempts, len(tab.sent[0].log)) == ("Taken", "2 attempts", 2)
    assert [got.id for got in receiver.got] == [row.webhook_id] * 2
    await closed(desk)


async def test_it_is_changed_paused_resumed_rotated_and_deleted(desk: Desk, receiver: Receiver) -> None:
    tab = await opened(desk, receiver)
    await call(Hooks.save, tab, typed(receiver.url, "run.failed"))
    assert (tab.open.events, tab.said, tab.rows[0].events) == ("run.failed", "Saved.", "run.failed")
    await call(Hooks.save, tab, typed("nonsense", "run.failed"))
    assert (tab.url_fault != "", tab.open.url) == (True, receiver.url)
    await call(Hooks.pause, tab)
    assert (tab.open.status_words, tab.url_fault) == ("Paused", "")
    await call(Hooks.replay, tab, "whd_none")
    assert "paused" in tab.problem
    await call(Hooks.resume, tab)
    assert (tab.open.status_words, tab.problem) == ("Live", "")
    await call(Hooks.rotate, tab, 24)
    assert (tab.secret[:6], tab.open.old_until != "") == ("whsec_", True)
    assert "/app/webhooks" in str((await call(Hooks.remove, tab)).args)
    await call(Hooks.load, tab)
    assert (tab.phase, tab.fault_code) == ("missing", "not_found")


async def test_older_deliveries_are_added_below(desk: Desk, receiver: Receiver) -> None:
    tab = await opened(desk, receiver)
    for _ in range(22):
        await desk.services.webhook_room.webhooks.test(desk.caller.workspace_id, tab.open.id)
    await call(Hooks.look, tab)
    assert (len(tab.sent), tab.cursor != "") == (20, True)
    await call(Hooks.more, tab)
    assert (len(tab.sent), tab.cursor, len({row.id for row in tab.sent})) == (22, "", 22)
    await closed(desk)


async def test_another_workspaces_webhook_does_not_exist_and_nothing_can_be_done_to_it(desk: Desk, receiver: Receiver) -> None:
    mine = await opened(desk, receiver)
    await desk.move("bob@example.com")
    tab = desk.tab(Hooks, f"/app/webhooks?webhook={mine.open.id}")
    await call(Hooks.load, tab)
    assert (tab.phase, tab.fault_code, tab.rows) == ("missing", "not_found", [])
    tab.open = mine.open
    for handler, values in ((Hooks.test, ()), (Hooks.rotate, (24,)), (Hooks.pause, ()), (Hooks.remove, ()), (Hooks.replay, ("whd_1",))):
        await call(handler, tab, *values)
        assert (tab.problem, tab.secret) == ("There is no such webhook.", "")
    assert receiver.got == []


async def test_a_member_is_told_that_webhooks_are_for_admins(desk: Desk, monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> None:
    async def member(_header: str) -> Any:
        return replace(desk.caller, role=Role.MEMBER)

    mine = await opened(desk, receiver)
    monkeypatch.setattr(desk.services.access, "from_cookie_header", member)
    tab = desk.tab(Hooks, "/app/webhooks")
    await call(Hooks.load, tab)
    assert (tab.phase, "owners and admins" in tab.fault, tab.rows) == ("refused", True, [])
    for handler, values in ((Hooks.test, ()), (Hooks.rotate, (24,)), (Hooks.save, (typed(receiver.url),)), (Hooks.remove, ())):
        await call(handler, mine, *values)
        assert ("owners and admins" in mine.problem, mine.secret) == (True, "")
    await call(Hooks.create, tab, typed(receiver.url, "run.completed"))
    assert (tab.rows, tab.secret) == ([], "")


async def test_a_failure_to_load_is_shown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(_workspace_id: str) -> None:
        raise Unavailable("The database is away.")

    monkeypatch.setattr(desk.services.webhook_room.webhooks, "list", away)
    tab = desk.tab(Hooks, "/app/webhooks")
    await call(Hooks.load, tab)
    assert (tab.phase, tab.fault_code) == ("failed", "unavailable")


async def test_why_a_webhook_was_disabled_is_shown(desk: Desk, receiver: Receiver, clock: FrozenClock) -> None:
    tab = await opened(desk, receiver)
    receiver.status = 410
    house = desk.services
    async with house.database.write() as tx:
        await house.outbox.announce(tx, desk.caller.workspace_id, "run.completed", {"id": "run_1"})
    await house.webhook_room.deliverer.turn()
    await call(Hooks.look, tab)
    assert (tab.open.status_words, tab.open.disabled_for, tab.open.tone) == ("Disabled", "It answered 410 Gone.", "ba")
    await closed(desk)
