"""`cmpctl saleor setup` against a Saleor that remembers: what it makes, what it leaves alone, and how it goes on after a failure."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from backend import catalogue
from backend.commerce.products import EMBLEM_ALT
from backend.operator.admin import Credentials
from backend.operator.setup.service import Setup, Stopped
from backend.provisioner.manifest import APP_ID, manifest
from tests.service.operator.house import House, plan, run
from tests.service.operator.saleor import Failure, FakeSaleor

STEPS = 38
"""Changes an untouched Saleor takes for the catalogue as it is, at least; the manifest may want more webhooks."""


async def test_everything_of_the_catalogue_is_on_sale_afterwards(saleor: FakeSaleor, setup: Setup, products: tuple[Any, ...]) -> None:
    await run(setup)
    channel = saleor.get("channels", slug="default-channel")
    for product in products:
        made = saleor.get("products", slug=product.slug)
        assert made["productType"]["slug"] == product.type
        assert made["category"]["slug"] == product.category
        assert not made["productType"]["isShippingRequired"]
        assert made["isAvailable"]()
        assert [m["alt"] for m in made["media"]] == [f"CMP emblem of {product.name}"]
        assert all(m["alt"].startswith(EMBLEM_ALT) for m in made["media"])
        (listing,) = made["channelListings"]
        assert listing["channel"] is channel
        assert listing["isPublished"]
        assert listing["visibleInListings"]
        assert listing["isAvailableForPurchase"]
        for variant in product.variants:
            sold = saleor.get("variants", sku=variant.sku)
            assert not sold["trackInventory"]
            assert sold["stocks"][0]["quantity"] >= 100_000
            assert Decimal(str(sold["channelListings"][0]["price"]["amount"])) == variant.price.decimal


async def test_the_variants_carry_their_terms_as_attributes(saleor: FakeSaleor, setup: Setup) -> None:
    await run(setup)
    found = {a["attribute"]["slug"]: a["values"][0]["name"] for a in saleor.get("variants", sku="KBA-PRO")["attributes"]}
    assert found == {"cmp-plan": "Pro", "cmp-credits": "200", "cmp-run-credits": "2", "cmp-knowledge-mb": "500"}


async def test_the_app_has_what_the_manifest_says_and_no_more(saleor: FakeSaleor, setup: Setup, house: House) -> None:
    await run(setup)
    said = manifest(house.settings.base_url, "1.0")
    app = saleor.get("apps", identifier=APP_ID)
    assert sorted(p["code"] for p in app["permissions"]) == sorted(said["permissions"])
    assert [hook["targetUrl"] for hook in app["webhooks"]] == [hook["targetUrl"] for hook in said["webhooks"]]
    assert [sorted(e["eventType"] for e in hook["asyncEvents"]) for hook in app["webhooks"]] == [
        sorted(hook["asyncEvents"]) for hook in said["webhooks"]
    ]


async def test_the_token_is_kept_sealed_and_works(saleor: FakeSaleor, setup: Setup, house: House, sqlite_url: str) -> None:
    await run(setup)
    token = await house.connection.token()
    assert saleor.app_tokens[token] == await house.connection.app_id() == saleor.get("apps", identifier=APP_ID)["id"]
    assert token.encode() not in Path(sqlite_url.removeprefix("sqlite:///")).read_bytes()


async def test_a_second_run_sends_no_change(saleor: FakeSaleor, setup: Setup, house: House) -> None:
    assert len(await run(setup)) >= STEPS
    saleor.changes.clear()
    assert await run(house.setup()) == []
    assert saleor.changes == []


async def test_a_dry_run_shows_the_plan_and_sends_no_change(saleor: FakeSaleor, setup: Setup, house: House) -> None:
    before = saleor.snapshot()
    shown = await plan(setup)
    assert saleor.changes == []
    assert saleor.state == before
    assert await run(house.setup()) == shown


async def test_what_was_changed_by_hand_is_said_and_mended_and_nothing_else(saleor: FakeSaleor, setup: Setup, house: House) -> None:
    await run(setup)
    saleor.get("variants", sku="CSA-PRO")["channelListings"][0]["price"]["amount"] = 49.0
    saleor.get("products", slug="knowledge-base-agent")["channelListings"][0]["isPublished"] = False
    saleor.get("products", slug="pro-credit-pack")["name"] = "Credits!"
    saleor.get("variants", sku="KBA-PRO")["stocks"][0]["quantity"] = 3
    saleor.get("variants", sku="KBA-BASIC")["trackInventory"] = True
    app = saleor.get("apps", identifier=APP_ID)
    app["webhooks"][0]["isActive"] = False
    app["permissions"].append({"code": "MANAGE_USERS"})
    saleor.get("channels", slug="default-channel")["isActive"] = False
    assert await run(house.setup()) == [
        "activate channel default-channel",
        "change price of CSA-PRO in default-channel: 49.00 → 49.99 USD",
        "publish: knowledge-base-agent in default-channel",
        "change variant KBA-BASIC: do not count its stock",
        "stock KBA-PRO in Default Warehouse: 3 → 1000000",
        "change product pro-credit-pack: name Credits! → Pro Credit Pack (500)",
        "change permissions of app CMP Provisioner: -MANAGE_USERS",
        "change webhook Order paid: activate",
    ]
    assert await plan(house.setup()) == []


@pytest.mark.parametrize(("way", "first"), [("500", 0), ("lost", 0), ("lost", 1), ("refused", 0), ("denied", 0), ("garbage", 0)])
async def test_a_failure_at_every_step_stops_with_words_and_the_next_run_goes_on(
    way: str, first: int, setup: Setup, house: House, saleor: FakeSaleor
) -> None:
    """Each run gets one step further than the one before it, and then fails; a step whose answer is lost is done all the same."""
    left = await plan(setup)
    total, at = len(left), first
    while left:
        saleor.failure = Failure(len(saleor.changes) + at, way)
        if at < len(left):
            with pytest.raises(Stopped) as stopped:
                await run(house.setup())
            assert stopped.value.step.words == left[at]
            assert f"Stopped at “{left[at]}”" in stopped.value.detail
            assert f"{at} of {len(left)} steps are done" in stopped.value.detail
        else:
            await run(house.setup())
        saleor.failure = None
        left, before, at = await plan(house.setup()), left, 1
        assert len(left) < len(before) or first == 0
    assert len(saleor.changes) >= total
    assert saleor.app_tokens[await house.connection.token()] == saleor.get("apps", identifier=APP_ID)["id"]
    assert [len(saleor.state.apps), len(saleor.state.products), len(saleor.state.variants)] == [1, 4, 6]


async def test_what_the_seller_has_is_left_as_it_is(saleor: FakeSaleor, setup: Setup) -> None:
    other = saleor.add(
        "channels", "Channel", slug="shop-de", isActive=False, currencyCode="EUR", defaultCountry={"code": "DE"}, warehouses=[]
    )
    kind = saleor.add("types", "ProductType", slug="shirt", kind="NORMAL", isShippingRequired=True, isDigital=False)
    kind["assignedVariantAttributes"] = []
    saleor.add("attributes", "Attribute", slug="plan", name="Plan", type="PRODUCT_TYPE", inputType="PLAIN_TEXT")
    saleor.add("categories", "Category", slug="clothes", name="Clothes")
    shirt = saleor.add("products", "Product", slug="shirt", name="Shirt", productType=kind, channelListings=[], media=[])
    saleor.add("variants", "ProductVariant", sku="SHIRT-1", product=shirt, stocks=[], channelListings=[], attributes=[])
    app = saleor.add("apps", "App", identifier="theirs", name="Theirs", isActive=False, permissions=[], webhooks=[])
    before = saleor.snapshot()
    await run(setup)
    after = saleor.snapshot()
    for name in ("channels", "types", "attributes", "categories", "products", "variants", "apps", "zones", "warehouses"):
        ids = {thing["id"] for thing in getattr(before, name)}
        kept = [thing for thing in getattr(after, name) if thing["id"] in ids]
        assert kept == getattr(before, name), name
    assert other["warehouses"] == []
    assert not app["isActive"]


async def test_a_picture_of_the_sellers_stays_the_only_one(saleor: FakeSaleor, setup: Setup, house: House) -> None:
    await run(setup)
    product = saleor.get("products", slug="customer-support-agent")
    product["media"] = [{"id": "theirs", "alt": "Our own"}]
    assert await run(house.setup()) == []
    assert product["media"] == [{"id": "theirs", "alt": "Our own"}]


async def test_a_lost_token_is_made_anew_and_no_second_app(saleor: FakeSaleor, setup: Setup, house: House) -> None:
    await run(setup)
    saleor.app_tokens.clear()
    assert await run(house.setup()) == ["make a token for app CMP Provisioner"]
    assert len(saleor.state.apps) == 1
    assert await house.connection.token() in saleor.app_tokens


async def test_a_new_address_of_ours_moves_the_webhooks_and_makes_no_second_ones(saleor: FakeSaleor, setup: Setup, house: House) -> None:
    await run(setup)
    moved = house.settings.model_copy(update={"public_url": "https://moved.test"})
    again = House(moved, house.database, house.clock, house.transport)
    said = await run(again.setup())
    hooks = saleor.get("apps", identifier=APP_ID)["webhooks"]
    assert len(said) == len(hooks) == len(manifest("", "1")["webhooks"])
    assert all(hook["targetUrl"].startswith("https://moved.test/webhooks/saleor/") for hook in hooks)
    assert "address https://market.test/webhooks/saleor/order-paid → https://moved.test/webhooks/saleor/order-paid" in said[0]
    await again.commerce.close()


async def test_a_webhook_that_was_given_a_secret_signs_with_saleors_key_again(saleor: FakeSaleor, setup: Setup, house: House) -> None:
    await run(setup)
    saleor.get("apps", identifier=APP_ID)["webhooks"][1]["secretKey"] = "theirs"
    (said,) = await run(house.setup())
    assert "theirs" not in said
    assert not saleor.get("apps", identifier=APP_ID)["webhooks"][1]["secretKey"]


async def test_an_empty_saleor_gets_a_channel_a_warehouse_and_a_zone(house: House, saleor: FakeSaleor) -> None:
    saleor.state = FakeSaleor().state
    said = await run(house.setup())
    assert said[:4] == [
        "create channel default-channel (USD)",
        "create warehouse Digital goods",
        "assign warehouse Digital goods to channel default-channel",
        "create shipping zone Digital goods (default-channel), without which Saleor does not count the stock",
    ]
    address = saleor.get("warehouses", slug="digital-goods")["address"]
    assert address == {
        "streetAddress1": "Digital goods",
        "city": "Digital goods",
        "countryArea": "AL",
        "postalCode": "35001",
        "country": "US",
    }
    assert await plan(house.setup()) == []


async def test_the_warehouse_stands_at_the_companys_address_where_there_is_one(house: House, saleor: FakeSaleor) -> None:
    saleor.state = FakeSaleor().state
    saleor.company = {"companyName": "", "streetAddress1": "1 Main St", "streetAddress2": "", "city": "Berlin", "cityArea": ""}
    saleor.company |= {"postalCode": "10115", "countryArea": "", "country": {"code": "DE"}}
    await run(house.setup())
    address = saleor.get("warehouses", slug="digital-goods")["address"]
    assert address == {"streetAddress1": "1 Main St", "city": "Berlin", "postalCode": "10115", "country": "DE"}


async def test_a_login_that_ends_during_the_run_is_renewed(saleor: FakeSaleor, setup: Setup) -> None:
    saleor.token_seconds = 1
    await run(setup)
    assert saleor.logins > STEPS


async def test_an_app_token_serves_where_the_app_is_there_already(saleor: FakeSaleor, setup: Setup, house: House) -> None:
    await run(setup)
    helper = saleor.add("apps", "App", identifier="helper", name="Helper", isActive=True, webhooks=[])
    helper["permissions"] = [{"code": code} for code in saleor.permissions]
    saleor.app_tokens["helper-token"] = helper["id"]
    saleor.get("variants", sku="CSA-PRO")["channelListings"][0]["price"]["amount"] = 1.0
    assert len(await run(house.setup(Credentials(token="helper-token")))) == 1


def test_every_product_has_a_picture_of_its_own() -> None:
    for product in catalogue.load():
        assert (product.folder / "picture.png").read_bytes().startswith(b"\x89PNG")
