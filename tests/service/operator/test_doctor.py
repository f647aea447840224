"""What the doctor sees, and the fix it names. It looks with the app's own token, and starts and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import SecretStr

from backend.commerce.gateways import Gateways
from backend.operator.doctor.schemas import Finding, Level
from backend.operator.doctor.service import Doctor
from backend.operator.setup import wanted
from backend.provisioner.desk_views import Report
from backend.provisioner.manifest import APP_ID, manifest
from backend.settings import Settings
from tests.service.operator.house import House, run
from tests.service.operator.saleor import FakeSaleor

SKUS = ["CSA-BASIC", "CSA-PRO", "KBA-BASIC", "KBA-PRO", "CREDITS-100", "CREDITS-500"]
READY = {"database": "ok", "commerce": "ok", "runner": "ok", "identity": "ok", "durable work": "ok"}


def doctor(
    house: House,
    saleor: FakeSaleor,
    settings: Settings | None = None,
    *,
    up: bool = True,
    report: Report | None = None,
    redirects: tuple[str, ...] = (),
) -> Doctor:
    """up: whether our own server runs. report: of the last reconciliation."""
    used = settings or house.settings

    async def network(request: httpx.Request) -> httpx.Response:
        if request.url.host == "saleor.test":
            async with httpx.AsyncClient(transport=house.transport) as client:
                answer = await client.get(request.url)
            return httpx.Response(answer.status_code, headers={"date": answer.headers["date"]}, content=answer.content)
        if not up:
            raise httpx.ConnectError("refused")
        return httpx.Response(200, json={"status": "ok"} if request.url.path == "/health" else READY)

    async def last_report() -> Report | None:
        return report

    app = wanted.app(manifest(used.base_url, "1.0"), used.saleor_webhook_secret.get_secret_value())
    http = httpx.AsyncClient(transport=httpx.MockTransport(network))
    return Doctor(used, house.clock, http, house.session(), house.connection, app, (3, 20), SKUS, Gateways(redirects), last_report)


async def examine(doctor: Doctor) -> dict[str, Finding]:
    try:
        return {found.check: found for found in await doctor.examine()}
    finally:
        await doctor.http.aclose()


async def test_all_is_well_after_the_set_up(house: House, saleor: FakeSaleor) -> None:
    await run(house.setup())
    saleor.changes.clear()
    found = await examine(doctor(house, saleor))
    assert {name: one.seen for name, one in found.items() if one.level is not Level.OK} == {}
    assert {"database", "public URL", "clock", "signing keys", "app", "permissions", "channel default-channel"} <= set(found)
    assert {"warehouse", "payment", "products", "Saleor", "server: durable work"} <= set(found)
    assert saleor.changes == []


@pytest.mark.parametrize(
    ("change", "check", "level", "words"),
    [
        (lambda s: s.app_tokens.clear(), "app", Level.FAIL, "does not know the token"),
        (lambda s: s.get("apps", identifier=APP_ID).update(permissions=[]), "permissions", Level.FAIL, "without MANAGE_ORDERS"),
        (lambda s: _app(s)["permissions"].append({"code": "MANAGE_USERS"}), "permissions", Level.WARN, "MANAGE_USERS too"),
        (lambda s: _app(s)["webhooks"].pop(0), "webhook Order paid", Level.FAIL, "not there"),
        (lambda s: _app(s)["webhooks"][0].update(isActive=False), "webhook Order paid", Level.FAIL, "activate"),
        (lambda s: _app(s)["webhooks"][0].update(targetUrl="https://a.test/x"), "webhook Order paid", Level.FAIL, "https://a.test/x"),
        (lambda s: _app(s)["webhooks"][0].update(subscriptionQuery=""), "webhook Order paid", Level.FAIL, "subscription query"),
        (lambda s: _delivered(s, "FAILED"), "webhook Order paid: deliveries", Level.FAIL, "1 failed, 0 waiting; the last one: 503 no room"),
        (lambda s: _delivered(s, "SUCCESS", "FAILED"), "webhook Order paid: deliveries", Level.WARN, "since then it works"),
        (lambda s: _delivered(s, "PENDING"), "webhook Order paid: deliveries", Level.WARN, "1 waiting for longer"),
        (lambda s: s.state.channels.clear(), "channel default-channel", Level.FAIL, "not there"),
        (lambda s: _channel(s).update(isActive=False), "channel default-channel", Level.FAIL, "not active"),
        (
            lambda s: _channel(s)["orderSettings"].update(automaticallyConfirmAllNewOrders=False),
            "channel default-channel: orders",
            Level.WARN,
            "",
        ),
        (lambda s: _channel(s).update(warehouses=[]), "warehouse", Level.FAIL, "none in the channel"),
        (lambda s: s.gateways.clear(), "payment", Level.FAIL, "none at all"),
        (lambda s: s.gateways.append({"id": "odd.pay", "name": "Odd"}), "other ways to pay", Level.WARN, "odd.pay"),
        (lambda s: s.get("variants", sku="CSA-PRO").update(sku="OTHER"), "unknown SKUs", Level.WARN, "OTHER"),
        (lambda s: s.get("variants", sku="CSA-PRO").update(sku="OTHER"), "products", Level.WARN, "CSA-PRO"),
        (lambda s: s.get("variants", sku="CREDITS-100").update(stocks=[]), "availability", Level.FAIL, "starter-credit-pack"),
        (lambda s: setattr(s, "skew", timedelta(minutes=2)), "clock", Level.WARN, "120 s apart"),
        (lambda s: setattr(s, "skew", timedelta(minutes=-9)), "clock", Level.FAIL, "apart"),
        (lambda s: setattr(s, "version", "3.19.0"), "Saleor", Level.FAIL, "too old"),
        (lambda s: setattr(s, "url", "https://shop.test/graphql/"), "Saleor's own address", Level.FAIL, "calls itself"),
    ],
)
async def test_what_is_wrong_is_seen_and_its_fix_is_named(
    house: House, saleor: FakeSaleor, change: Callable[[FakeSaleor], object], check: str, level: Level, words: str
) -> None:
    await run(house.setup())
    change(saleor)
    found = (await examine(doctor(house, saleor)))[check]
    assert found.level is level
    assert words in found.seen
    assert found.fix


async def test_before_the_set_up_it_says_so(house: House, saleor: FakeSaleor) -> None:
    found = await examine(doctor(house, saleor))
    assert found["app"].level is found["products"].level is Level.FAIL
    assert f"cmpctl saleor setup --url {house.settings.saleor_url}" in found["app"].fix


async def test_a_token_of_another_app_is_told_from_ours(house: House, saleor: FakeSaleor) -> None:
    await run(house.setup())
    other = saleor.add("apps", "App", identifier="other", name="Other", isActive=True, permissions=[], webhooks=[])
    saleor.app_tokens["other-token"] = other["id"]
    found = await examine(doctor(house, saleor, house.settings.model_copy(update={"saleor_app_token": SecretStr("other-token")})))
    assert "belongs to Other (other)" in found["app"].seen
    assert "CMP_SALEOR_APP_TOKEN" in found["app"].fix


async def test_a_server_that_does_not_run_is_no_fault(house: House, saleor: FakeSaleor) -> None:
    await run(house.setup())
    found = await examine(doctor(house, saleor, up=False))
    assert [found["server"].level, found["public URL"].level] == [Level.WARN, Level.WARN]


async def test_an_address_of_this_computer_alone_is_a_fault_while_saleor_is_elsewhere(house: House, saleor: FakeSaleor) -> None:
    found = await examine(doctor(house, saleor, house.settings.model_copy(update={"public_url": ""})))
    assert found["public URL"].level is Level.FAIL
    assert "no webhook arrives" in found["public URL"].seen


async def test_a_saleor_that_is_down_is_one_fault_and_not_twenty(house: House, saleor: FakeSaleor) -> None:
    async def nobody(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    down = House(house.settings, house.database, house.clock, httpx.MockTransport(nobody))
    found = await examine(doctor(down, saleor))
    assert [name for name, one in found.items() if one.level is Level.FAIL] == ["Saleor"]
    await down.close()


async def test_what_was_given_without_a_paid_order_is_told_with_its_fix(house: House, saleor: FakeSaleor) -> None:
    await run(house.setup())
    strays = (await examine(doctor(house, saleor, report=Report(house.clock.now(), 3, (), ("ord_1", "ord_2")))))["grants"]
    assert (strays.level, "ord_1, ord_2" in strays.seen, "/operator/orders?order=" in strays.fix) == (Level.WARN, True, True)
    calm = (await examine(doctor(house, saleor, report=Report(house.clock.now(), 3, (), ()))))["grants"]
    assert (calm.level, calm.seen.startswith("none without a paid order at the last reconciliation (20")) == (Level.OK, True)


async def test_a_way_to_pay_is_known_to_the_doctor_exactly_when_the_checkout_can_use_it(house: House, saleor: FakeSaleor) -> None:
    await run(house.setup())
    saleor.gateways[:] = [{"id": "odd.pay", "name": "Odd"}, {"id": "app.saleor.klarna", "name": "Klarna"}]
    assert (await examine(doctor(house, saleor)))["payment"].seen == "app.saleor.klarna"
    named = await examine(doctor(house, saleor, redirects=("odd.pay",)))
    assert (named["payment"].seen, "other ways to pay" in named) == ("app.saleor.klarna, odd.pay", False)


async def test_a_database_that_was_not_made_is_not_made_by_looking(house: House, saleor: FakeSaleor) -> None:
    missing = house.settings.data_dir / "missing.db"
    found = await examine(doctor(house, saleor, house.settings.model_copy(update={"database_url": f"sqlite:///{missing}"})))
    assert found["database"].level is Level.WARN
    assert not missing.exists()


def _app(saleor: FakeSaleor) -> dict[str, list[dict[str, object]]]:
    return saleor.get("apps", identifier=APP_ID)


def _channel(saleor: FakeSaleor) -> dict[str, dict[str, object]]:
    return saleor.get("channels", slug="default-channel")


def _unconfirmed(saleor: FakeSaleor) -> None:
    _channel(saleor)["orderSettings"]["automaticallyConfirmAllNewOrders"] = False


def _delivered(saleor: FakeSaleor, *statuses: str) -> None:
    """Newest first, an hour ago."""
    at = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    attempts = {"edges": [{"node": {"responseStatusCode": 503, "response": "no room"}}]}
    hook = saleor.get("apps", identifier=APP_ID)["webhooks"][0]
    hook["deliveries"] = [{"status": status, "createdAt": at, "attempts": attempts} for status in statuses]
