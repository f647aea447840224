"""What keys may do with runs: by scope, by agent, by budget."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI

from backend.control_plane.budgets import Limits
from backend.control_plane.keyring import KeyWish
from backend.identity.keys import KeyLimits
from backend.kernel.caller import Scope
from backend.kernel.money import Credits
from tests.api.gateway.conftest import Door, Open

READS = ["/v1/runs", "/v1/credits", "/v1/credits/entries"]


async def other_key(app: FastAPI, door: Door, *scopes: Scope, **limits: object) -> httpx.AsyncClient:
    secret = await door.house.town.key(door.caller, *scopes, **limits)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test", headers={"Authorization": f"Bearer {secret}"})


async def test_a_key_for_runs_sees_its_own_runs_and_nothing_of_the_others(app: FastAPI, door: Open) -> None:
    mine = await door()
    foreign = (await mine.ask()).json()["id"]
    async with await other_key(app, mine, Scope.RUNS) as http:
        own = (await http.post("/v1/runs", json={"instance_id": mine.agent.id, "input": {"query": "Mine?"}})).json()["id"]
        assert [run["id"] for run in (await http.get("/v1/runs")).json()["items"]] == [own]
        for path in ("/v1/runs/", "/v1/receipts/"):
            assert (await http.get(path + own)).status_code == 200
            assert (await http.get(path + foreign)).status_code == 404
        assert (await http.post(f"/v1/runs/{foreign}:cancel")).status_code == 404
        assert (await http.get("/v1/credits")).json()["code"] == "scope_missing"


async def test_a_key_that_sees_all_runs_stops_its_own_alone(app: FastAPI, door: Open) -> None:
    mine = await door()
    foreign = (await mine.ask()).json()["id"]
    async with await other_key(app, mine, Scope.RUNS, Scope.READ) as http:
        assert (await http.get(f"/v1/runs/{foreign}")).status_code == 200
        stopped = await http.post(f"/v1/runs/{foreign}:cancel")
    assert (stopped.status_code, stopped.json()["code"]) == (403, "not_your_run")


async def test_a_key_that_only_reads_starts_and_stops_nothing(app: FastAPI, door: Open) -> None:
    mine = await door()
    run = (await mine.ask()).json()["id"]
    async with await other_key(app, mine, Scope.READ) as http:
        assert [(await http.get(path)).status_code for path in (*READS, f"/v1/runs/{run}", f"/v1/receipts/{run}")] == [200] * 5
        asked = await http.post("/v1/runs", json={"instance_id": mine.agent.id, "input": {"query": "Mine?"}})
        stopped = await http.post(f"/v1/runs/{run}:cancel")
    for answer in (asked, stopped):
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
        assert "“runs”" in answer.json()["detail"]


async def test_a_key_that_is_limited_to_an_agent_neither_runs_nor_sees_another(app: FastAPI, door: Open) -> None:
    mine = await door()
    second = await mine.house.town.agent(mine.caller, source_key="second")
    foreign = (await mine.ask()).json()["id"]
    async with await other_key(app, mine, instances=frozenset({second.id})) as http:
        own = (await http.post("/v1/runs", json={"instance_id": second.id, "input": {"query": "Mine?"}})).json()["id"]
        assert (await http.post("/v1/runs", json={"instance_id": mine.agent.id, "input": {"query": "Mine?"}})).status_code == 404
        assert [run["id"] for run in (await http.get("/v1/runs")).json()["items"]] == [own]
        assert (await http.get("/v1/runs", params={"instance_id": mine.agent.id})).json()["items"] == []
        for path in ("/v1/runs/", "/v1/receipts/"):
            assert (await http.get(path + own)).status_code == 200
            assert (await http.get(path + foreign)).status_code == 404
        assert (await http.post(f"/v1/runs/{foreign}:cancel")).status_code == 404
        statement = await http.get("/v1/credits/entries")
    assert (statement.status_code, statement.json()["code"]) == (403, "key_limited_to_agents")


@pytest.mark.parametrize("stream", [False, True])
async def test_a_used_up_budget_is_402_with_the_time_to_wait(app: FastAPI, door: Open, stream: bool) -> None:
    mine = await door()
    wish = KeyWish("Small", KeyLimits(), Limits(day=Credits.of(1), month=Credits.of(5)))
    secret = (await mine.house.town.keyring.create(mine.caller, wish)).secret
    first = await mine.ask(headers={"Authorization": f"Bearer {secret}"})
    second = await mine.ask(headers={"Authorization": f"Bearer {secret}"}, stream=stream)
    assert first.status_code == 200
    assert (second.status_code, second.json()["code"], second.headers["retry-after"]) == (402, "budget_exhausted", str(12 * 3600))
    assert "This API key may spend 1 credit a day and has 0 left" in second.json()["detail"]
    assert (await mine.ask()).status_code == 200


async def test_a_budget_below_one_run_does_not_tell_to_wait(door: Open) -> None:
    mine = await door()
    await mine.house.town.budgets.set_workspace(mine.caller.workspace_id, Limits(day=Credits.of("0.5")))
    answer = await mine.ask()
    assert (answer.status_code, answer.json()["code"]) == (402, "budget_exhausted")
    assert "retry-after" not in answer.headers
