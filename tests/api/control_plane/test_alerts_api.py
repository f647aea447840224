"""Low-balance alerts over HTTP: read by members, chosen by owners and admins, nobody else's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI

from backend import problem
from backend.control_plane.alerts import api
from backend.doors import Who
from tests.api.control_plane.test_owned import bearer, cookie
from tests.service.alerts.conftest import Purse, purse

__all__ = ["purse"]
Client = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
PATH = "/v1/credits/alerts"
WANTED = {"percent": 30, "credits": "2.5", "mail": False}


@pytest.fixture
def client(purse: Purse) -> Client:
    app = FastAPI()
    app.include_router(api.routes(purse.alerts, Who(purse.town.access.resolve)))
    problem.install(app)

    @asynccontextmanager
    async def client(**headers: str) -> AsyncIterator[httpx.AsyncClient]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost:3000", headers=headers) as http:
            yield http

    return client


async def test_the_defaults_are_shown_with_what_they_come_to(purse: Purse, client: Client) -> None:
    await purse.add("200")
    await purse.spend("170")
    await purse.alerts.sweep()
    async with client(authorization=await bearer(purse.town, purse.caller)) as http:
        assert (await http.get(PATH)).json() == {
            "percent": 20,
            "credits": "10",
            "mail": True,
            "thresholds": [{"level": "empty", "at": "0"}, {"level": "amount", "at": "10"}, {"level": "share", "at": "40"}],
            "standing": "share",
        }


async def test_an_owner_chooses_and_a_key_only_reads(purse: Purse, client: Client) -> None:
    async with client(cookie=await cookie(purse.town)) as http:
        changed = (await http.put(PATH, json=WANTED)).json()
        assert {name: changed[name] for name in WANTED} == WANTED
        off = (await http.put(PATH, json={"percent": None, "credits": None})).json()
        assert [one["level"] for one in off["thresholds"]] == ["empty"]
    async with client(authorization=await bearer(purse.town, purse.caller)) as http:
        assert [(await http.put(PATH, json=WANTED)).status_code, (await http.get(PATH)).status_code] == [403, 200]


async def test_another_workspace_sees_and_changes_its_own_alone(purse: Purse, client: Client) -> None:
    await purse.town.member("bob@example.com")
    async with client(cookie=await cookie(purse.town, "bob@example.com")) as http:
        assert (await http.put(PATH, json=WANTED)).json()["percent"] == 30
    async with client(cookie=await cookie(purse.town)) as http:
        assert (await http.get(PATH)).json()["percent"] == 20


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize("authorization", ["", "Bearer cmp_forged", "Bearer cmpw_forged", "Basic YTpi"])
async def test_nobody_and_forged_tokens_are_401(client: Client, method: str, authorization: str) -> None:
    async with client(**({"authorization": authorization} if authorization else {})) as http:
        assert (await http.request(method, PATH, json=WANTED)).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {"percent": 0, "credits": None},
        {"percent": 91, "credits": None},
        {"percent": True, "credits": "x"},
        {"percent": None, "credits": "NaN"},
        {"percent": None, "credits": "-1"},
        {"percent": None, "credits": "0"},
        {"percent": None, "credits": "1e30"},
        {"percent": None, "credits": "0.0000001"},
        {"percent": None, "credits": None, "webhook": "http://x"},
        {},
        [],
    ],
)
async def test_bad_input_is_422(purse: Purse, client: Client, body: object) -> None:
    async with client(cookie=await cookie(purse.town)) as http:
        assert (await http.put(PATH, json=body)).status_code == 422
