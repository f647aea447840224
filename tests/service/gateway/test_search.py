"""Lists of runs: what is let through, in what order, how far a page looks."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.db.engine import Database
from backend.gateway import search
from backend.gateway.views import RunFilter, RunStatus
from backend.kernel.caller import Caller, Door, Role
from backend.kernel.errors import Invalid
from backend.kernel.ids import InstanceId, WorkspaceId
from tests.conftest import NOW
from tests.service.gateway import past

RUNS = past.some(120)
MOMENTS = (
    st.none()
    | st.timedeltas(timedelta(days=-4), timedelta(days=1)).map(lambda ago: NOW + ago)
    | st.sampled_from([run.started_at for run in RUNS])
)
FILTERS = st.builds(
    RunFilter,
    instance_id=st.sampled_from([None, None, *past.AGENTS, "inst_none"]),
    status=st.sampled_from([None, None, *RunStatus]),
    door=st.sampled_from([None, None, *Door]),
    owner=st.sampled_from([None, None, *past.OWNERS]),
    since=MOMENTS,
    until=MOMENTS,
    charged=st.booleans(),
    text=st.sampled_from(["", "", "return", "%", "_", "grüße", "/", "10", RUNS[7].id, f"…{RUNS[9].id[-4:]}", RUNS[3].id[-5:].lower()]),
    limit=st.integers(1, 30),
)
CALLERS = st.builds(
    lambda workspace, instances: Caller(Door.API, WorkspaceId(workspace), Role.MEMBER, instances=instances),
    st.sampled_from([*past.WORKSPACES, "ws_none"]),
    st.sampled_from(
        [None, None, frozenset[InstanceId](), frozenset({InstanceId("inst_1")}), frozenset({InstanceId("inst_2"), InstanceId("x")})]
    ),
)


def test_the_filters_let_through_what_a_plain_look_at_every_run_would(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "LOOK", 7)
    monkeypatch.setattr(search, "READ", 4)
    database = Database(database_url)
    with asyncio.Runner() as loop:
        loop.run(past.put(database, RUNS))

        @settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
        @given(caller=CALLERS, wanted=FILTERS)
        def same(caller: Caller, wanted: RunFilter) -> None:
            assert loop.run(listed(database, caller, wanted)) == past.naive(RUNS, caller, wanted)

        same()
        loop.run(database.dispose())


async def listed(database: Database, caller: Caller, wanted: RunFilter) -> list[str]:
    """Every page, one after the other."""
    ids: list[str] = []
    while True:
        async with database.read() as tx:
            page = await search.page(tx, caller, wanted)
        assert len(page.items) <= wanted.limit
        ids += [row.id for row in page.items]
        if page.next is None:
            return ids
        wanted = replace(wanted, cursor=page.next)


OWNER = Caller(Door.WORKSPACE, WorkspaceId("ws_a"), Role.OWNER)


async def test_a_page_stops_looking_and_says_where_to_go_on(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "LOOK", 10)
    await past.put(database, RUNS)
    async with database.read() as tx:
        page = await search.page(tx, OWNER, RunFilter(owner="key:key_nobody"))
    assert page.items == []
    assert page.next is not None
    at, run_id = search.moment(page.next)
    mine = sorted((run.started_at, run.id) for run in RUNS if run.workspace_id == "ws_a")
    assert (at, run_id) == mine[-10]


@pytest.mark.parametrize(
    "cursor", ["", "x", "1", "1.", ".run_1", "-1.run_1", "1e5.run_1", "²3.run_1", "9" * 18 + ".run_1", "1." + "r" * 65]
)
async def test_a_cursor_that_is_none_of_ours_is_refused(database: Database, cursor: str) -> None:
    with pytest.raises(Invalid) as refused:
        async with database.read() as tx:
            await search.page(tx, OWNER, RunFilter(cursor=cursor))
    assert refused.value.fields


async def test_a_text_that_is_too_long_is_refused(database: Database) -> None:
    with pytest.raises(Invalid):
        async with database.read() as tx:
            await search.page(tx, OWNER, RunFilter(text="x" * (search.MAX_TEXT + 1)))
