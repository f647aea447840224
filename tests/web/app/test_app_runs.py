"""Runs, credits and usage, as their pages are given them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backend.gateway import search
from backend.gateway.views import RunCommand
from backend.kernel.caller import Caller
from backend.runner.ports import Failed, Finished
from cmp_web.state.app_chat import Chat
from cmp_web.state.app_credits import Credits
from cmp_web.state.app_overview import Overview
from cmp_web.state.app_runs import Runs
from cmp_web.state.app_usage import Usage
from cmp_web.state.session import VISITOR
from tests.service.gateway.house import ANSWER
from tests.web.app.conftest import Desk, call


async def by_key(desk: Desk, name: str = "Website") -> Caller:
    made = await desk.services.keys.create(desk.caller.workspace_id, desk.caller.account_id, name)
    caller = await desk.services.access.caller(None, made.secret)
    assert caller is not None
    return caller


async def busy(desk: Desk) -> list[str]:
    """Four runs on three days, the newest last: two by a key, of which one failed, two by Ann."""
    key, ids = await by_key(desk), []
    await desk.document()
    for script, who in ((ANSWER, key), ([Failed("timeout", "")], key), (ANSWER, desk.caller), ([Finished("Nothing.")], desk.caller)):
        desk.runner.script = script
        ids.append((await desk.services.gateway.run(who, RunCommand(desk.agent.id, "When can I return a lamp?"))).id)
        desk.services.clock.advance(timedelta(hours=20))  # type: ignore[attr-defined]
    return ids


async def shown(desk: Desk, query: str) -> Runs:
    tab = desk.tab(Runs, f"/app/runs?{query}")
    await call(Runs.load, tab)
    assert tab.phase == "ready"
    return tab


async def test_a_run_opens_as_a_slip_with_all_that_happened(desk: Desk) -> None:
    await desk.document()
    chat = desk.at_agent(Chat)
    await call(Chat.load, chat)
    await call(Chat.send, chat, {"text": "When can I return a lamp?"})
    tab = await shown(desk, f"run={chat.turns[1].run_id}")
    [row] = tab.rows
    assert (row.status_words, row.door, row.charged, tab.opened) == ("Answered", "Chat", "1 credit", True)
    receipt = tab.sheet.receipt
    assert (receipt.quoted, receipt.charged, receipt.released, receipt.available) == ("1 credit", "1 credit", "0 credits", "4 credits")
    assert [(lot.label, lot.amount) for lot in receipt.lots] == [("Welcome", "1 credit")]
    assert [(event.n, event.name) for event in tab.sheet.events] == [
        (1, "credits.held"),
        (2, "run.started"),
        (3, "token"),
        (4, "source"),
        (5, "run.completed"),
        (6, "credits.settled"),
    ]
    assert [event.words for event in tab.sheet.events][1:4] == ["Chat, Ann", "4 words", "handbook.md, Returns"]
    assert (tab.sheet.caller, tab.sheet.file) == ("Ann", f"/v1/receipts/{row.id}")


async def test_a_failed_run_says_why_and_that_it_cost_nothing(desk: Desk) -> None:
    failed = (await busy(desk))[1]
    tab = await shown(desk, f"run={failed}")
    assert (tab.sheet.error_code, tab.sheet.cost) == ("timeout", "This run cost nothing: a run that fails is free.")
    assert [event.name for event in tab.sheet.events] == ["credits.held", "run.started", "run.failed", "credits.released"]
    assert [bool(tab.sheet.newer), bool(tab.sheet.older)] == [True, True]


async def test_a_run_that_is_not_there_leaves_the_list_and_says_so(desk: Desk) -> None:
    await busy(desk)
    tab = await shown(desk, "run=run_of_somebody_else")
    assert (len(tab.rows), tab.opened, tab.problem) == (4, False, "There is no such run.")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [3, 2, 1, 0]),
        ("status=failed", [1]),
        ("status=nonsense", [3, 2, 1, 0]),
        ("door=api", [1, 0]),
        ("paid=1", [2, 0]),
        ("q=nothing", [3]),
        ("q=LAMP&when=1", [3]),
        ("q=LAMP&when=7", [3, 2, 1, 0]),
        ("when=days&from=2026-11-23&to=2026-11-23", [1]),
        ("when=days&from=yesterday", [3, 2, 1, 0]),
        ("agent=inst_none", []),
    ],
)
async def test_the_address_filters_the_list_and_its_csv(desk: Desk, query: str, found: list[int]) -> None:
    ids = await busy(desk)
    tab = await shown(desk, query)
    assert [row.id for row in tab.rows] == [ids[n] for n in found]
    assert tab.file.startswith("/v1/runs.csv")


async def test_who_asked_is_a_filter_by_name(desk: Desk) -> None:
    ids = await busy(desk)
    tab = await shown(desk, "")
    assert [owner.name for owner in tab.owners] == ["Ann", "Key Website"]
    assert [row.id for row in (await shown(desk, f"owner={tab.owners[1].id}")).rows] == [ids[1], ids[0]]


async def test_a_filter_changes_the_address_and_begins_at_the_newest_again(desk: Desk) -> None:
    tab = desk.tab(Runs, "/app/runs?status=failed&after=1.run_1&run=run_1")
    for name, value, kept in (("door", "api", "door=api&status=failed"), ("status", "", ""), ("q", "  a  b ", "status=failed&q=a+b")):
        event = await call(Runs.narrow, tab, name, value)
        assert f"/app/runs{'?' if kept else ''}{kept}" in str(event.args)
        assert "after" not in str(event.args)
    assert await call(Runs.narrow, tab, "run", "x") is None


async def test_a_page_that_found_too_little_says_how_far_it_looked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await busy(desk)
    monkeypatch.setattr(search, "READ", 1)
    monkeypatch.setattr("cmp_web.state.app_runs.LOOKS", 2)
    tab = await shown(desk, "q=nowhere")
    assert (tab.rows, tab.reached[:10], "after=" in tab.older) == ([], "2026-11-24", True)


async def test_a_forged_page_of_runs_is_an_error_in_words(desk: Desk) -> None:
    tab = desk.tab(Runs, "/app/runs?after=x")
    await call(Runs.load, tab)
    assert (tab.phase, tab.fault) == ("failed", "This cursor is not one of ours.")


async def test_the_runs_of_an_agent_are_only_its_own(desk: Desk) -> None:
    ids = await busy(desk)
    tab = desk.at_agent(Runs)
    await call(Runs.load_agent, tab)
    assert [row.id for row in tab.rows] == ids[::-1]
    assert tab.rows[0].href == f"/app/agents/{desk.agent.id}/runs?run={ids[-1]}"


async def test_another_workspace_sees_none_of_it(desk: Desk) -> None:
    [first, *_] = await busy(desk)
    await desk.move("bob@example.com")
    runs = await shown(desk, f"run={first}")
    assert (runs.rows, runs.owners, runs.opened) == ([], [], False)
    usage, credits_ = desk.tab(Usage), desk.tab(Credits)
    await call(Usage.load, usage)
    await call(Credits.load, credits_)
    assert (usage.sums.runs, usage.agents, usage.owners, credits_.rows, credits_.lots) == ("0", [], [], [], [])


async def test_usage_is_what_the_runs_come_to(desk: Desk) -> None:
    await busy(desk)
    tab = desk.tab(Usage, "/app/usage?show=runs&days=7")
    await call(Usage.load, tab)
    assert (tab.sums.runs, tab.sums.charged, tab.sums.answered, tab.sums.failed) == ("4", "2", "75%", "1")
    assert [column.words for column in tab.plot.columns][-4:] == ["22 Nov: 1 runs", "23 Nov: 1 runs", "24 Nov: 1 runs", "25 Nov: 1 runs"]
    assert [(row.name, row.runs, row.charged, row.part) for row in tab.owners] == [("Ann", "2", "1", 50), ("Key Website", "2", "1", 50)]
    assert [(row.name, row.part) for row in tab.agents] == [(desk.agent.name, 100)]
    assert f"agent={desk.agent.id}" in tab.agents[0].href
    assert [(step.words, step.here) for step in tab.spans] == [("7 days", True), ("28 days", False), ("90 days", False)]


async def test_the_overview_counts_the_last_seven_days(desk: Desk) -> None:
    await busy(desk)
    tab = desk.tab(Overview)
    await call(Overview.load, tab)
    assert (tab.week.runs, tab.week.charged, tab.ahead.enough) == ("4", "2", True)


async def test_credits_name_the_lot_that_burns_now_and_every_entry_with_its_cause(desk: Desk) -> None:
    ids = await busy(desk)
    tab = desk.tab(Credits)
    await call(Credits.load, tab)
    assert [(lot.source, lot.label, lot.remaining, lot.turn) for lot in tab.lots] == [("Gift", "Welcome", "3", "Burns now")]
    assert [(entry.kind, entry.amount, entry.balance) for entry in tab.rows] == [
        ("Charge", "−1", "3"),
        ("Charge", "−1", "4"),
        ("Grant", "+5", "5"),
    ]
    assert tab.rows[0].href == f"/app/runs?run={ids[2]}"
    assert [(pack.credits, pack.price) for pack in tab.packs] == [("100 credits", ""), ("500 credits", "")]
    assert "of the last" not in tab.ahead.said
    only = desk.tab(Credits, "/app/credits?kind=grant")
    await call(Credits.load, only)
    assert ([entry.kind for entry in only.rows], only.file) == (["Grant"], "/v1/credits/entries.csv?kind=grant")


async def test_topping_up_needs_a_cookie_and_a_shop_and_is_taken_once(desk: Desk) -> None:
    tab = desk.tab(Credits)
    await call(Credits.top_up, tab, "starter-credit-pack", "CREDITS-100", 0)
    assert "cookie" in tab.problem
    tab.router = tab.router.__class__.from_router_data(  # type: ignore[attr-defined]
        {
            "headers": {"cookie": f"{tab.router.headers.cookie}; {VISITOR}=v1"},
            "pathname": "/app/credits",
            "asPath": "/app/credits",
            "query": {},
        }
    )
    assert await call(Credits.top_up, tab, "starter-credit-pack", "CREDITS-100", 0) == []
    await call(Credits.top_up, tab, "starter-credit-pack", "CREDITS-100", 1)
    assert (tab.adding, bool(tab.problem)) == ("", True)
