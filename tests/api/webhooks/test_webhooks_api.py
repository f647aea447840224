"""Webhooks over HTTP, as an owner, as another tenant, with a key that may not, as nobody, and with nonsense."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from backend import problem
from backend.db.engine import Database
from backend.doors import Who
from backend.kernel.caller import Caller, Scope
from backend.kernel.clock import FrozenClock
from backend.settings import Settings
from backend.webhooks import api, policy
from tests.service.identity.people import Town
from tests.service.webhooks.house import House
from tests.service.webhooks.receiver import Receiver, receiving

BASE = "http://localhost:3000"
WANTED = {"url": "https://example.com/hooks", "events": ["run.completed", "credits.low"]}


@dataclass
class Place:
    town: Town
    hooks: House
    app: FastAPI

    async def http(self, email: str = "ann@example.com") -> httpx.AsyncClient:
        """As the owner of a workspace of her own, at a browser."""
        account = await self.town.accounts.by_email(email) or await self.town.person(email)
        return self.client(cookie=f"cmp_session={await self.town.sessions.open(account.id, '')}")

    def client(self, **headers: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=BASE, headers=headers)

    async def key(self, caller: Caller) -> str:
        return (await self.town.keys.create(caller.workspace_id, caller.account_id, "a test")).secret


@pytest.fixture
async def place(sqlite_url: str, clock: FrozenClock, settings: Settings, tmp_path: Path) -> AsyncIterator[Place]:
    database = Database(sqlite_url)
    town, hooks, app = Town(database, clock, settings), House(database, clock, tmp_path / "mail"), FastAPI()
    app.include_router(api.routes(hooks.webhooks, Who(town.access.resolve)))
    problem.install(app)
    yield Place(town, hooks, app)
    await hooks.deliverer.stop()
    await database.dispose()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


async def test_a_webhook_is_made_read_changed_and_deleted(place: Place) -> None:
    async with await place.http() as http:
        made = await http.post("/v1/webhooks", json={**WANTED, "description": " Our  books "})
        one = made.json()
        secret = one.pop("secret")
        assert (made.status_code, secret[:6], len(secret) > 40) == (201, "whsec_", True)
        assert (one["url"], one["events"], one["status"]) == (WANTED["url"], WANTED["events"], "live")
        assert (one["description"], one["include_content"], one["old_secret_until"]) == ("Our books", False, None)
        assert (await http.get("/v1/webhooks")).json() == {"items": [one], "next": None}
        path = f"/v1/webhooks/{one['id']}"
        assert (await http.get(path)).json() == one
        changed = (await http.patch(path, json={"events": ["run.failed"], "status": "paused"})).json()
        assert (changed["events"], changed["status"], changed["url"]) == (["run.failed"], "paused", WANTED["url"])
        assert (await http.patch(path, json={"status": "live"})).json()["status"] == "live"
        assert [(await http.delete(path)).status_code for _ in range(2)] == [204, 404]


async def test_a_secret_is_shown_when_it_is_made_and_never_again(place: Place) -> None:
    async with await place.http() as http:
        one = (await http.post("/v1/webhooks", json=WANTED)).json()
        rotated = (await http.post(f"/v1/webhooks/{one['id']}:rotate")).json()
        assert rotated["secret"] != one["secret"]
        assert rotated["old_secret_until"] == "2026-11-23T12:00:00Z"
        ended = (await http.post(f"/v1/webhooks/{one['id']}:rotate", json={"overlap_hours": 0})).json()
        assert ended["old_secret_until"] is None
        seen = (await http.get("/v1/webhooks")).text + (await http.get(f"/v1/webhooks/{one['id']}")).text
        assert "whsec_" not in seen


async def test_deliveries_are_listed_a_page_at_a_time_and_replayed(place: Place, receiver: Receiver) -> None:
    async with await place.http() as http:
        one = (await http.post("/v1/webhooks", json={"url": receiver.url, "events": ["run.completed"]})).json()
        caller = await place.town.access.caller(http.headers["cookie"].removeprefix("cmp_session="), None)
        assert caller is not None
        for number in range(3):
            await place.hooks.delivered(workspace=caller.workspace_id, data={"id": f"run_{number}"})
        path = f"/v1/webhooks/{one['id']}/deliveries"
        first = (await http.get(path, params={"limit": 2})).json()
        rest = (await http.get(path, params={"limit": 2, "cursor": first["next"]})).json()
        assert [d["payload"]["data"]["id"] for d in (*first["items"], *rest["items"])] == ["run_2", "run_1", "run_0"]
        assert rest["next"] is None
        newest = first["items"][0]
        assert (newest["status"], newest["status_code"], newest["response"], newest["attempts"]) == ("delivered", 200, "taken", 1)
        replayed = await http.post(f"{path}/{newest['id']}:replay")
        assert (replayed.status_code, replayed.json()["status"]) == (202, "pending")
        assert len((await http.get(path, params={"status": "pending"})).json()["items"]) == 1
        await place.hooks.deliverer.turn()
        assert receiver.got[-1].id == newest["webhook_id"]


async def test_a_test_is_answered_with_how_it_went(place: Place, receiver: Receiver) -> None:
    async with await place.http() as http:
        one = (await http.post("/v1/webhooks", json={"url": receiver.url, "events": ["run.completed"]})).json()
        sent = await http.post(f"/v1/webhooks/{one['id']}:test")
        assert (sent.status_code, sent.json()["type"], sent.json()["status"]) == (200, policy.TEST, "delivered")


def doors(one: str, delivery: str) -> list[tuple[str, str, Any]]:
    path = f"/v1/webhooks/{one}"
    return [
        ("GET", path, None),
        ("PATCH", path, {"status": "paused"}),
        ("DELETE", path, None),
        ("POST", f"{path}:rotate", None),
        ("POST", f"{path}:test", None),
        ("GET", f"{path}/deliveries", None),
        ("POST", f"{path}/deliveries/{delivery}:replay", None),
    ]


async def test_another_tenants_webhook_is_404_like_one_that_does_not_exist(place: Place, receiver: Receiver) -> None:
    async with await place.http() as ann, await place.http("bob@example.com") as bob:
        one = (await ann.post("/v1/webhooks", json={"url": receiver.url, "events": ["run.completed"]})).json()
        sent = (await ann.post(f"/v1/webhooks/{one['id']}:test")).json()
        for (method, path, body), (_, nothing, _) in zip(doors(one["id"], sent["id"]), doors("wh_none", "whd_none"), strict=True):
            theirs, none = await bob.request(method, path, json=body), await bob.request(method, nothing, json=body)
            assert (theirs.status_code, theirs.json()) == (404, none.json())
        own = (await bob.post("/v1/webhooks", json={"url": receiver.url, "events": ["run.completed"]})).json()
        crossed = await bob.post(f"/v1/webhooks/{own['id']}/deliveries/{sent['id']}:replay")
        assert crossed.status_code == 404
        assert len((await ann.get("/v1/webhooks")).json()["items"]) == 1
    assert len(receiver.got) == 1


async def test_a_key_that_runs_agents_may_not_touch_webhooks(place: Place) -> None:
    caller = await place.town.member()
    async with place.client(authorization=f"Bearer {await place.key(caller)}") as http:
        for method, path, body in [("GET", "/v1/webhooks", None), ("POST", "/v1/webhooks", WANTED), *doors("wh_1", "whd_1")]:
            answer = await http.request(method, path, json=body)
            assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


async def test_a_key_has_nothing_sent_that_it_may_not_read_itself(place: Place) -> None:
    caller = await place.town.member()
    manages = await place.town.key(caller, Scope.MANAGE)
    async with place.client(authorization=f"Bearer {manages}") as http:
        refused = await http.post("/v1/webhooks", json=WANTED | {"include_content": True})
        made = await http.post("/v1/webhooks", json=WANTED)
        opened = await http.patch(f"/v1/webhooks/{made.json()['id']}", json={"include_content": True})
    assert (refused.status_code, refused.json()["code"], made.status_code, opened.status_code) == (403, "scope_missing", 201, 403)


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer cmp_forged"}, {"authorization": "Bearer "}, {"cookie": "cmp_session=x"}])
async def test_nobody_and_forged_tokens_are_401(place: Place, headers: dict[str, str]) -> None:
    async with place.client(**headers) as http:
        for method, path, body in [("GET", "/v1/webhooks", None), ("POST", "/v1/webhooks", WANTED), *doors("wh_1", "whd_1")]:
            assert (await http.request(method, path, json=body)).status_code == 401


async def test_another_site_cannot_make_a_browser_act(place: Place) -> None:
    async with await place.http() as http:
        answer = await http.post("/v1/webhooks", json=WANTED, headers={"origin": "https://evil.example"})
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**WANTED, "url": "ftp://example.com/"}, "url"),
        ({**WANTED, "url": "https://user:word@example.com/"}, "url"),
        ({**WANTED, "url": "https://example.com/" + "x" * 3000}, "url"),
        ({**WANTED, "url": 7}, "url"),
        ({**WANTED, "url": "https://exa\u0000mple.com/"}, "url"),
        ({**WANTED, "events": []}, "events"),
        ({**WANTED, "events": ["run.exploded"]}, "events"),
        ({**WANTED, "events": ["run.failed"] * 51}, "events"),
        ({**WANTED, "description": "x" * 81}, "description"),
        ({**WANTED, "secret": "whsec_mine"}, "secret"),
        ({"events": ["run.failed"]}, "url"),
    ],
)
async def test_bad_input_is_422_and_names_its_field(place: Place, body: dict[str, Any], field: str) -> None:
    async with await place.http() as http:
        answer = await http.post("/v1/webhooks", json=body)
        assert answer.status_code == 422
        assert field in {fault["field"] for fault in answer.json()["errors"]}
        assert (await http.get("/v1/webhooks")).json()["items"] == []


async def test_other_nonsense_is_refused_and_never_500(place: Place) -> None:
    async with await place.http() as http:
        one = (await http.post("/v1/webhooks", json=WANTED)).json()
        path = f"/v1/webhooks/{one['id']}"
        answers = [
            await http.patch(path, json={"status": "disabled"}),
            await http.patch(path, json={"events": []}),
            await http.post(f"{path}:rotate", json={"overlap_hours": 169}),
            await http.post(f"{path}:rotate", json={"overlap_hours": -1}),
            await http.get(f"{path}/deliveries", params={"limit": 101}),
            await http.get(f"{path}/deliveries", params={"status": "lost"}),
            await http.get(f"{path}/deliveries", params={"cursor": "x" * 65}),
        ]
        assert [answer.status_code for answer in answers] == [422] * 7
        assert (await http.get(f"{path}/deliveries", params={"cursor": "\u0000🦊"})).status_code in {200, 422}


async def test_a_workspace_has_a_bounded_number_of_webhooks(place: Place) -> None:
    async with await place.http() as http:
        for _ in range(policy.MAX_ENDPOINTS):
            assert (await http.post("/v1/webhooks", json=WANTED)).status_code == 201
        full = await http.post("/v1/webhooks", json=WANTED)
        assert (full.status_code, full.json()["code"]) == (409, "too_many_webhooks")
