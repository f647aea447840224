"""Apps over the shop's GraphQL: who am I, webhooks, deliveries, installing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import select

from backend.shop.apps.install import NotInstalled
from backend.shop.apps.models import AppRow
from backend.shop.context import AppPrincipal
from backend.shop.ids import global_id
from tests.service.shop_apps.factory import Receiver, Shop

QUERY = "subscription{event{... on OrderFullyPaid{__typename order{id}}}}"
MANIFEST = {
    "id": "cmp.provisioner",
    "name": "CMP Provisioner",
    "version": "1.0.0",
    "permissions": ["MANAGE_ORDERS"],
    "appUrl": "http://app.test/",
    "tokenTargetUrl": "http://app.test/register",
    "webhooks": [
        {"name": "Paid", "targetUrl": "http://app.test/hook", "query": QUERY, "asyncEvents": ["ORDER_FULLY_PAID"], "isActive": True}
    ],
}
CREATE = "mutation($i:WebhookCreateInput!){webhookCreate(input:$i){webhook{id customHeaders} errors{field code}}}"
DELIVERIES = (
    "query($id:ID!){webhook(id:$id){eventDeliveries(first:5){edges{node{id status eventType payload "
    "attempts(first:10,sortBy:{field:CREATED_AT,direction:ASC}){edges{node{status responseStatusCode requestHeaders}}}}}}}}"
)


async def _until(done: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await done():
            await asyncio.sleep(0.02)


async def _failed(shop: Shop, app: AppPrincipal, hook: int) -> list[dict[str, Any]]:
    async def done() -> bool:
        found = await shop.ask(DELIVERIES, app, id=global_id("Webhook", hook))
        return [edge["node"]["status"] for edge in found["webhook"]["eventDeliveries"]["edges"]] == ["FAILED"]

    await _until(done)
    found = await shop.ask(DELIVERIES, app, id=global_id("Webhook", hook))
    return [edge["node"] for edge in found["webhook"]["eventDeliveries"]["edges"]]


async def test_an_app_is_told_who_it_is_and_nobody_is_told_nothing(quiet: Shop) -> None:
    app = await quiet.app()
    said = await quiet.ask("{app{id name permissions{code} webhooks{id}}}", app)
    assert said["app"] == {
        "id": global_id("App", app.id),
        "name": "Provisioner",
        "permissions": [{"code": "MANAGE_APPS"}, {"code": "MANAGE_ORDERS"}],
        "webhooks": [],
    }
    refused = await quiet.run("{app{id}}")
    assert refused.errors is not None
    assert "AUTHENTICATED_STAFF_USER, AUTHENTICATED_APP" in refused.errors[0].message


async def test_a_token_is_known_until_its_app_is_switched_off(quiet: Shop) -> None:
    staff = await quiet.app()
    made = await quiet.ask('mutation{appCreate(input:{name:"Other",permissions:[MANAGE_ORDERS]}){authToken app{id} errors{code}}}', staff)
    token, app_id = made["appCreate"]["authToken"], made["appCreate"]["app"]["id"]
    assert (await quiet.apps.principal(token)) is not None
    assert (await quiet.apps.principal("made-up")) is None
    assert (await quiet.apps.principal(None)) is None
    await quiet.ask("mutation($id:ID!){appDeactivate(id:$id){app{isActive} errors{code}}}", staff, id=app_id)
    assert (await quiet.apps.principal(token)) is None


async def test_a_token_is_not_kept_in_the_clear(quiet: Shop) -> None:
    staff = await quiet.app()
    made = await quiet.ask('mutation{appCreate(input:{name:"Other"}){authToken}}', staff)
    async with quiet.database.read() as tx:
        rows = (await tx.scalars(select(AppRow))).all()
    assert all(made["appCreate"]["authToken"] not in str(row) for row in rows)


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"targetUrl": "ftp://foo"}, "targetUrl", "INVALID"),
        ({"query": "subscription{event{... on OrderFullyPaid{order{nope}}}}"}, "query", "GRAPHQL_ERROR"),
        ({"query": "query{shop{name}}"}, "query", "MISSING_SUBSCRIPTION"),
        ({"query": "subscription{"}, "query", "SYNTAX"),
        ({"customHeaders": '{"Cookie": "a"}'}, "customHeaders", "INVALID_CUSTOM_HEADERS"),
        ({"app": "QXBwOjk5"}, "app", "NOT_FOUND"),
    ],
)
async def test_a_webhook_that_will_not_do_names_what_is_wrong(quiet: Shop, given: dict[str, str], field: str, code: str) -> None:
    app = await quiet.app()
    base = {"name": "h", "targetUrl": "http://app.test/hook", "asyncEvents": ["ORDER_FULLY_PAID"], "query": QUERY}
    said = await quiet.ask(CREATE, app, i=base | given)
    assert said["webhookCreate"]["webhook"] is None
    assert [(error["field"], error["code"]) for error in said["webhookCreate"]["errors"]] == [(field, code)]


async def test_an_app_makes_its_own_webhook_and_cannot_touch_anothers(quiet: Shop) -> None:
    mine, other = await quiet.app("mine", "MANAGE_ORDERS"), await quiet.app("other", "MANAGE_ORDERS")
    given = {"name": "h", "targetUrl": "http://app.test/hook", "asyncEvents": ["ORDER_FULLY_PAID"], "customHeaders": '{"X-Env": "t"}'}
    made = (await quiet.ask(CREATE, mine, i=given))["webhookCreate"]
    assert made["errors"] == []
    assert made["webhook"]["customHeaders"] == '{"x-env": "t"}'
    gone = await quiet.ask("mutation($id:ID!){webhookDelete(id:$id){errors{code}}}", other, id=made["webhook"]["id"])
    assert gone["webhookDelete"]["errors"] == [{"code": "NOT_FOUND"}]
    denied = await quiet.run(CREATE, None, i=given)
    assert denied.errors is not None


async def test_a_failed_delivery_shows_its_tries_and_can_be_sent_again(shop: Shop, receiver: Receiver) -> None:
    receiver.answers = [404]
    app = await shop.app()
    hook = await shop.hook(app, QUERY, "ORDER_FULLY_PAID")
    order = await shop.buy()
    (delivery,) = await _failed(shop, app, hook)
    assert json.loads(delivery["payload"]) == {"__typename": "OrderFullyPaid", "order": {"id": order}}
    (attempt,) = [edge["node"] for edge in delivery["attempts"]["edges"]]
    assert (attempt["status"], attempt["responseStatusCode"]) == ("FAILED", 404)
    assert json.loads(attempt["requestHeaders"])["Saleor-Event"] == "order_fully_paid"
    again = await shop.ask("mutation($id:ID!){eventDeliveryRetry(id:$id){delivery{status} errors{code}}}", app, id=delivery["id"])
    assert again["eventDeliveryRetry"] == {"delivery": {"status": "PENDING"}, "errors": []}
    await _until(lambda: _told(receiver, 2))


async def _told(receiver: Receiver, times: int) -> bool:
    return len(receiver.told) == times


async def test_an_event_can_be_triggered_again_for_an_order(shop: Shop, receiver: Receiver) -> None:
    order = await shop.buy()
    app = await shop.app()
    hook = await shop.hook(app, QUERY, "ORDER_FULLY_PAID")
    said = await shop.ask(
        "mutation($o:ID!,$w:ID!){webhookTrigger(objectId:$o,webhookId:$w){delivery{status eventType payload} errors{code}}}",
        app,
        o=order,
        w=global_id("Webhook", hook),
    )
    assert said["webhookTrigger"]["delivery"] == {"status": "PENDING", "eventType": "ORDER_FULLY_PAID", "payload": None}
    await _until(lambda: _told(receiver, 1))
    assert receiver.told[0].json["order"]["id"] == order


async def test_a_dry_run_shows_what_would_be_told(quiet: Shop) -> None:
    order, app = await quiet.buy(), await quiet.app()
    said = await quiet.ask(
        "mutation($o:ID!,$q:String!){webhookDryRun(objectId:$o,query:$q){payload errors{code}}}",
        app,
        o=order,
        q="subscription{event{... on OrderFullyPaid{order{id number}}}}",
    )
    assert json.loads(said["webhookDryRun"]["payload"]) == {"order": {"id": order, "number": "1"}}


async def test_installing_makes_the_app_and_hands_it_a_token_that_works(shop: Shop, receiver: Receiver) -> None:
    receiver.manifest = MANIFEST
    installed = await shop.apps.install_app("http://app.test/manifest.json")
    (handed,) = receiver.tokens
    assert set(handed.json) == {"auth_token"}
    told = ("saleor-api-url", "saleor-domain", "x-saleor-domain", "saleor-schema-version")
    assert [handed.headers[name] for name in told] == ["http://shop.test/graphql/", "shop.test", "shop.test", "3.23"]
    app = await shop.apps.principal(handed.json["auth_token"])
    assert app is not None
    assert (app.id, app.permissions) == (installed.key, {"MANAGE_ORDERS"})
    await shop.buy()
    await _until(lambda: _told(receiver, 1))


async def test_installing_again_keeps_the_app_and_gives_a_new_token(quiet: Shop, receiver: Receiver) -> None:
    receiver.manifest = MANIFEST
    first = await quiet.apps.install_app("http://app.test/manifest.json")
    receiver.manifest = MANIFEST | {"webhooks": []}
    second = await quiet.apps.install_app("http://app.test/manifest.json")
    old, new = (handed.json["auth_token"] for handed in receiver.tokens)
    assert first.id == second.id
    assert await quiet.apps.principal(old) is None
    app = await quiet.apps.principal(new)
    assert (await quiet.ask("{app{webhooks{id}}}", app))["app"]["webhooks"] == []
    with pytest.raises(NotInstalled, match="already installed: CMP Provisioner"):
        await quiet.apps.install_app("http://app.test/manifest.json", replace=False)


@pytest.mark.parametrize(
    ("url", "manifest", "refusal", "reason"),
    [
        ("http://app.test/manifest.json", MANIFEST, (403, {"error": {"message": "not allowed here"}}), "not allowed here"),
        ("http://app.test/manifest.json", MANIFEST, (500, {}), "Failed to connect to app"),
        ("http://app.test/nothing.json", MANIFEST, None, "Failed to connect to app"),
        ("http://app.test/page", MANIFEST, None, "not JSON"),
        ("http://app.test/manifest.json", {"id": "x"}, None, "name, version, tokenTargetUrl"),
        (
            "http://app.test/manifest.json",
            MANIFEST | {"webhooks": [{"name": "x", "targetUrl": "ftp://x"}]},
            None,
            "Enter a valid URL",
        ),
    ],
)
async def test_an_app_that_cannot_be_installed_leaves_nothing(
    quiet: Shop, receiver: Receiver, url: str, manifest: dict[str, Any], refusal: tuple[int, dict[str, Any]] | None, reason: str
) -> None:
    receiver.manifest, receiver.refusal = manifest, refusal
    with pytest.raises(NotInstalled, match=reason):
        await quiet.apps.install_app(url)
    async with quiet.database.read() as tx:
        assert (await tx.scalars(select(AppRow))).all() == []


async def test_an_installation_asked_for_by_graphql_is_pending_then_there_or_failed_with_its_reason(shop: Shop, receiver: Receiver) -> None:
    staff = await shop.app()
    receiver.manifest = MANIFEST
    ask = "mutation($i:AppInstallInput!){appInstall(input:$i){appInstallation{status message} errors{code}}}"
    given = {"appName": "CMP", "manifestUrl": "http://app.test/manifest.json"}
    said = await shop.ask(ask, staff, i=given)
    assert said["appInstall"] == {"appInstallation": {"status": "PENDING", "message": None}, "errors": []}
    await _until(lambda: _installations(shop, staff, []))
    assert len(receiver.tokens) == 1
    await shop.ask(ask, staff, i=given)
    reason = "identifier: ['App with the same identifier is already installed: CMP Provisioner']"
    await _until(lambda: _installations(shop, staff, [{"status": "FAILED", "message": reason}]))


async def _installations(shop: Shop, staff: AppPrincipal, expected: list[dict[str, str]]) -> bool:
    return bool((await shop.ask("{appsInstallations{status message}}", staff))["appsInstallations"] == expected)
