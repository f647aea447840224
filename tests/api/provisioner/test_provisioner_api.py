"""The provisioner's doors over HTTP: statuses Saleor acts on, the installation of the app, and orders for their workspace alone."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from backend import problem
from backend.doors import Who
from backend.kernel.caller import Caller
from backend.provisioner import api, desk_api
from backend.provisioner.manifest import PATHS
from backend.provisioner.service import MAX_BODY
from tests.service.provisioner.conftest import durable_template, house, saleor
from tests.service.provisioner.house import House
from tests.service.provisioner.saleor import API_URL, APP_TOKEN, FakeSaleor

__all__ = ["durable_template", "house", "saleor"]
PAID = "/webhooks/saleor/order-paid"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One kind of database: nothing here depends on which."""
    return sqlite_url


@pytest.fixture
def callers() -> dict[str, Caller]:
    """Who the Bearer tokens of a test stand for."""
    return {}


@pytest.fixture
async def http(house: House, callers: dict[str, Caller]) -> AsyncIterator[httpx.AsyncClient]:
    async def resolve(request: Request) -> Caller | None:
        return callers.get(request.headers.get("authorization", ""))

    app = FastAPI()
    problem.install(app)
    app.include_router(api.routes(house.provisioner, house.orders, Who(resolve), base_url="http://localhost:3000", version="1.2.3"))
    app.include_router(desk_api.routes(house.desk, Who(resolve)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost:3000") as client:
        yield client


async def test_a_true_delivery_is_accepted_and_provisioned(house: House, saleor: FakeSaleor, http: httpx.AsyncClient) -> None:
    _, buyer = await house.member()
    raw, headers = saleor.delivery(saleor.place("CSA-BASIC"))
    answers = [await http.post(PAID, content=raw, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    ref = answers[0].json()["order"]
    assert answers[1].json() == {"status": "accepted", "order": ref}
    await house.wait(f"order:{ref}:paid:{hashlib.sha256(raw).hexdigest()[:32]}")
    assert len(await house.instances.list(buyer)) == 1


@pytest.mark.parametrize("path", list(PATHS.values()))
async def test_a_forged_delivery_is_401_at_every_door(http: httpx.AsyncClient, saleor: FakeSaleor, path: str) -> None:
    raw, headers = saleor.delivery(saleor.place("CSA-BASIC"))
    answer = await http.post(path, content=raw + b"\n", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_signature")
    assert (await http.post(path)).status_code == 401


async def test_what_cannot_be_judged_now_is_503_so_that_saleor_tries_again(http: httpx.AsyncClient, saleor: FakeSaleor) -> None:
    raw, headers = saleor.delivery(saleor.place("CSA-BASIC"))
    saleor.down = True
    assert (await http.post(PAID, content=raw, headers=headers)).status_code == 503


async def test_a_body_that_is_too_large_is_413(http: httpx.AsyncClient) -> None:
    assert (await http.post(PAID, content=b"x" * (MAX_BODY + 1))).status_code == 413


async def test_the_manifest_names_our_own_addresses(http: httpx.AsyncClient) -> None:
    made = (await http.get("/api/saleor/manifest")).json()
    assert (made["name"], made["version"], made["permissions"]) == ("CMP Provisioner", "1.2.3", ["MANAGE_ORDERS", "MANAGE_PRODUCTS"])
    assert made["webhooks"][0]["targetUrl"] == f"http://localhost:3000{PAID}"


@pytest.mark.parametrize(
    ("url", "body", "status"),
    [
        (API_URL, {"auth_token": APP_TOKEN}, 200),
        (API_URL, {"auth_token": "forged"}, 403),
        ("http://elsewhere.test/graphql/", {"auth_token": APP_TOKEN}, 403),
        ("", {"auth_token": APP_TOKEN}, 403),
        (API_URL, {}, 422),
        (API_URL, {"auth_token": ""}, 422),
    ],
)
async def test_a_token_is_kept_only_when_the_configured_saleor_confirms_it(
    http: httpx.AsyncClient, url: str, body: dict[str, Any], status: int
) -> None:
    assert (await http.post("/api/saleor/register", json=body, headers={"Saleor-Api-Url": url})).status_code == status


@pytest.mark.parametrize(
    ("url", "token", "code"),
    [
        ("http://elsewhere.test/graphql/", APP_TOKEN, "foreign_saleor"),
        (API_URL, "forged", "bad_token"),
        (API_URL, APP_TOKEN, "foreign_app"),
    ],
)
async def test_a_refused_installation_says_why_where_saleors_dashboard_shows_it(
    http: httpx.AsyncClient, saleor: FakeSaleor, url: str, token: str, code: str
) -> None:
    saleor.identifier = "somebody.elses"
    answer = await http.post("/api/saleor/register", json={"auth_token": token}, headers={"Saleor-Api-Url": url})
    assert answer.status_code == 403
    assert answer.json()["code"] == code
    assert answer.json()["error"] == {"message": answer.json()["detail"]}


async def test_orders_are_for_their_workspace_alone(
    house: House,
    saleor: FakeSaleor,
    http: httpx.AsyncClient,
    callers: dict[str, Caller],
) -> None:
    _, callers["Bearer buyer"] = await house.member()
    _, callers["Bearer stranger"] = await house.member("stranger@example.com")
    order_id = saleor.place("CSA-BASIC")
    ref = await house.deliver(saleor, order_id)
    mine = await http.get("/v1/orders", headers={"Authorization": "Bearer buyer"})
    (order,) = mine.json()["items"]
    assert (order["id"], order["total"], [stage["status"] for stage in order["stages"]]) == (ref, "$19.99", ["done"] * 4)
    assert order_id not in mine.text
    assert (await http.get(f"/v1/orders/{ref}", headers={"Authorization": "Bearer buyer"})).json() == order
    assert (await http.get("/v1/orders", headers={"Authorization": "Bearer stranger"})).json() == {"items": [], "next": None}
    assert (await http.get(f"/v1/orders/{ref}", headers={"Authorization": "Bearer stranger"})).status_code == 404
    assert (await http.get("/v1/orders/ord_unknown", headers={"Authorization": "Bearer buyer"})).status_code == 404
    assert (await http.get("/v1/orders")).status_code == 401
    assert (await http.get("/v1/orders?limit=0", headers={"Authorization": "Bearer buyer"})).status_code == 422


READING = ["/v1/operator/orders", "/v1/operator/orders/{ref}", "/v1/operator/books.csv"]
DECIDING = ["{ref}:retry", "{ref}:restore", "{ref}:take-back", "{ref}:keep", ":reconcile"]


async def test_the_desk_is_for_operators_alone(
    house: House, saleor: FakeSaleor, http: httpx.AsyncClient, callers: dict[str, Caller]
) -> None:
    _, buyer = await house.member()
    callers["Bearer buyer"] = buyer
    _, callers["Bearer stranger"] = await house.member("stranger@example.com")
    ref = await house.deliver(saleor, saleor.place("CSA-BASIC", "T-SHIRT"))
    body = {"units": [{"line_id": "x", "unit": 1}], "reason": ""}
    doors = [("GET", path.format(ref=ref)) for path in READING]
    doors += [("POST", f"/v1/operator/orders{'' if path[0] == ':' else '/'}{path.format(ref=ref)}") for path in DECIDING]
    for method, path in doors:
        for token, status in (("buyer", 403), ("stranger", 403), ("forged", 401), ("", 401)):
            answer = await http.request(method, path, headers={"Authorization": f"Bearer {token}"} if token else {}, json=body)
            assert (answer.status_code, ref in answer.text) == (status, False), (method, path, token)
    assert (await house.desk.order(ref)).row.status == "needs_hand"


async def test_an_operator_reads_decides_and_takes_the_books(
    house: House, saleor: FakeSaleor, http: httpx.AsyncClient, callers: dict[str, Caller]
) -> None:
    _, buyer = await house.member()
    _, someone = await house.member("operator@example.com")
    callers["Bearer operator"] = dataclasses.replace(someone, operator=True)
    http.headers["Authorization"] = "Bearer operator"
    order_id = saleor.place("CSA-BASIC", "CREDITS-100")
    ref = await house.deliver(saleor, order_id)
    saleor.refund(order_id, 5.0)
    await house.deliver(saleor, order_id, "OrderRefunded")
    (row,) = (await http.get("/v1/operator/orders", params={"view": "needs_hand"})).json()["items"]
    assert (row["ref"], row["stage"]) == (ref, "Refund to decide")
    order = (await http.get(f"/v1/operator/orders/{ref}")).json()
    assert sorted(order["actions"]) == ["keep", "reconcile", "retry", "take_back"]
    units = [{"line_id": order["units"][1]["line_id"], "unit": 1}]
    paths = {name: f"/v1/operator/orders/{ref}:{name}" for name in ("retry", "restore", "take-back", "keep")}
    assert (await http.post(paths["take-back"], json={"units": units, "reason": "unused"})).status_code == 204
    assert await house.available(buyer) == "50"
    assert (await http.post(paths["keep"], json={})).status_code == 409
    assert (await http.post(paths["restore"])).status_code == 204
    assert await house.available(buyer) == "150"
    await house.rest()
    assert (await http.post(paths["retry"])).status_code == 409
    assert (await http.post(paths["take-back"], json={"units": []})).status_code == 422
    assert (await http.post("/v1/operator/orders/ord_unknown:restore")).status_code == 404
    report = (await http.post("/v1/operator/orders:reconcile")).json()
    assert (report["looked_at"], report["without_order"]) == (1, [])
    books = await http.get("/v1/operator/books.csv", params={"since": "2026-11-01T00:00Z"})
    assert books.headers["content-type"].startswith("text/csv")
    assert books.text.splitlines()[0].startswith("kind,order,ref")
    assert books.text.splitlines()[-1].startswith("total,")
    assert order_id not in books.text + json.dumps(order | {"saleor_url": ""})
    assert (await http.get("/v1/operator/books.csv", params={"since": "2026-11-01T00:00"})).status_code == 422
