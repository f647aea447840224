"""`POST /v1/runs` is served twice, thinly and as a route of the framework: bad input is answered alike by both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp

from backend import problem
from backend.bounds import MAX_BODY, BodyLimit
from backend.doors import Who
from backend.gateway import api as gateway
from backend.gateway.door import RunDoor
from backend.identity.keys import KeyLimits
from backend.kernel.caller import ALL_SCOPES
from tests.api.gateway.conftest import Door, Open
from tests.service.gateway.house import House

JSON = "application/json"
FINE = b'{"instance_id": "inst_x", "input": {"query": "Hi"}%s}'
Doors = dict[str, ASGIApp]


@pytest.fixture
def doors(house: House) -> Doors:
    route, who = FastAPI(), Who(house.town.access.resolve)
    route.include_router(gateway.routes(house.gateway, who))
    problem.install(route)
    route.add_middleware(BodyLimit)
    return {"thin": RunDoor(route, house.gateway, who.runs, house.town.access.known), "route": route}


async def undeclared() -> AsyncIterator[bytes]:
    for _ in range(MAX_BODY // 65_536 + 2):
        yield b" " * 65_536


async def ask(doors: Doors, key: str, content: bytes | None, kind: str = JSON, **more: str) -> tuple[int, str]:
    """The status and code of both, which are the same. content: None for a huge one that does not tell its length."""
    answers = []
    for app in doors.values():
        headers = {"Authorization": f"Bearer {key}", **({"Content-Type": kind} if kind else {}), **more}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test", headers=headers) as http:
            answer = await http.post("/v1/runs", content=undeclared() if content is None else content)
        assert answer.headers["content-type"] == "application/problem+json"
        answers.append((answer.status_code, answer.json()["code"]))
    assert answers[0] == answers[1]
    return answers[0]


def secret(ann: Door) -> str:
    return ann.http.headers["authorization"].removeprefix("Bearer ")


@pytest.mark.parametrize(
    ("content", "kind", "told"),
    [
        (b"[" * 10_000, JSON, (400, "malformed_json")),
        (b'{"a":' * 10_000, JSON, (400, "malformed_json")),
        (b"\xff\xfe", JSON, (400, "malformed_json")),
        (b"", JSON, (422, "invalid")),
        (FINE % b"", "text/plain", (415, "unsupported_media")),
        (FINE % b"", "application/x-www-form-urlencoded", (415, "unsupported_media")),
        (FINE % b"", "multipart/form-data; boundary=x", (415, "unsupported_media")),
        (FINE % b"", "image/svg+json", (415, "unsupported_media")),
        (FINE % b"", "", (415, "unsupported_media")),
        (FINE % b"", "application/vnd.cmp+json; charset=utf-8", (404, "not_found")),
        (b" " * (MAX_BODY + 1), JSON, (413, "too_large")),
        (None, JSON, (413, "too_large")),
        (FINE % b', "tone": "x"', JSON, (422, "invalid")),
        (FINE % b', "max_credits": "-1"', JSON, (422, "invalid")),
        (FINE % b', "max_credits": "NaN"', JSON, (422, "invalid")),
        (FINE % b', "max_credits": NaN', JSON, (422, "invalid")),
        (FINE % b', "max_credits": -1', JSON, (422, "invalid")),
        (FINE % b"", JSON, (404, "not_found")),
    ],
)
async def test_bad_input_is_answered_alike(door: Open, doors: Doors, content: bytes | None, kind: str, told: tuple[int, str]) -> None:
    assert await ask(doors, secret(await door()), content, kind) == told


async def test_a_body_that_declares_too_much_is_refused_before_it_is_read(door: Open, doors: Doors) -> None:
    for length in (str(MAX_BODY + 1), "9" * 30):
        told = await ask(doors, secret(await door(f"{length}@example.com")), b"{}", **{"Content-Length": length})
        assert told == (413, "too_large")


async def test_an_expired_and_a_revoked_key_are_nobodys(door: Open, doors: Doors, house: House) -> None:
    ann = await door()
    body = f'{{"instance_id": "{ann.agent.id}", "input": {{"query": "Hi"}}}}'.encode()
    keys, expiry = house.town.keys, house.clock.now() + timedelta(hours=1)
    short = await keys.create(ann.caller.workspace_id, ann.caller.account_id, "short", KeyLimits(ALL_SCOPES, expires_at=expiry))
    gone = await keys.create(ann.caller.workspace_id, ann.caller.account_id, "gone", KeyLimits(ALL_SCOPES))
    for key in short, gone:
        # Known to the thin door's memory before it ends.
        assert await ask(doors, key.secret, b"") == (422, "invalid")
    await keys.revoke(ann.caller.workspace_id, gone.view.id)
    house.clock.advance(timedelta(hours=1))
    codes = {short.secret: "key_expired", gone.secret: "key_revoked", "cmp_forged": "unauthenticated"}
    assert [await ask(doors, key, body) for key in codes] == [(401, code) for code in codes.values()]
    assert house.runner.jobs == []


async def test_another_tenants_agent_is_not_there(door: Open, doors: Doors) -> None:
    ann, bob = await door(), await door("bob@example.com")
    body = f'{{"instance_id": "{ann.agent.id}", "input": {{"query": "Hi"}}}}'.encode()
    assert await ask(doors, secret(bob), body) == (404, "not_found")


@pytest.mark.parametrize("position", ["-1", "x", "1.5", "1e3", "9" * 10, "٣".encode().decode("latin-1"), "1,2", "0x1"])
async def test_a_place_in_a_stream_that_was_never_told_is_422(door: Open, position: str) -> None:
    ann = await door()
    run = (await ann.ask()).json()["id"]
    answer = await ann.http.get(f"/v1/runs/{run}/events", headers={"Last-Event-ID": position.encode("latin-1")})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert [error["field"] for error in answer.json()["errors"]] == ["Last-Event-ID"]
