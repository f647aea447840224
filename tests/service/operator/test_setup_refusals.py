"""Every way a set-up can be refused before or while it starts: words that name the fix, and nothing changed."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from backend.kernel.errors import DomainError
from backend.operator.admin import Credentials, api_url
from backend.operator.setup.service import Setup
from tests.service.operator.house import House, plan, run
from tests.service.operator.saleor import EMAIL, FakeSaleor


async def _refused(setup: Setup, saleor: FakeSaleor) -> str:
    saleor.changes.clear()
    with pytest.raises(DomainError) as fault:
        await run(setup)
    assert saleor.changes == []
    return fault.value.detail


async def test_a_wrong_password(house: House, saleor: FakeSaleor) -> None:
    said = await _refused(house.setup(Credentials(email=EMAIL, password="nope")), saleor)
    assert "does not accept this e-mail and password" in said
    assert "nope" not in said


async def test_a_token_that_is_not_known(house: House, saleor: FakeSaleor) -> None:
    assert "does not know this token" in await _refused(house.setup(Credentials(token="garbage")), saleor)


async def test_a_customer(house: House, saleor: FakeSaleor) -> None:
    saleor.staff = False
    assert "is a customer of this Saleor, not staff" in await _refused(house.setup(), saleor)


async def test_permissions_that_are_missing_are_all_named_before_anything_is_done(house: House, saleor: FakeSaleor) -> None:
    saleor.permissions = ["MANAGE_PRODUCTS", "MANAGE_CHANNELS", "MANAGE_PRODUCT_TYPES_AND_ATTRIBUTES"]
    said = await _refused(house.setup(), saleor)
    assert "lacks MANAGE_APPS, MANAGE_ORDERS, MANAGE_SHIPPING" in said


async def test_an_app_cannot_create_the_app(house: House, saleor: FakeSaleor) -> None:
    helper = saleor.add("apps", "App", identifier="helper", name="Helper", isActive=True, webhooks=[])
    helper["permissions"] = [{"code": code} for code in saleor.permissions]
    saleor.app_tokens["helper-token"] = helper["id"]
    assert "lets only a person create an app" in await _refused(house.setup(Credentials(token="helper-token")), saleor)


async def test_a_saleor_that_is_too_old(house: House, saleor: FakeSaleor) -> None:
    saleor.version = "3.19.4"
    assert "This Saleor is 3.19.4; 3.20 or later is needed" in await _refused(house.setup(), saleor)


async def test_an_address_by_which_saleor_does_not_call_itself(house: House, saleor: FakeSaleor) -> None:
    saleor.url = "https://shop.test/graphql/"
    said = await _refused(house.setup(), saleor)
    assert "calls itself https://shop.test/graphql/" in said
    assert "--url https://shop.test/graphql/" in said


async def test_a_channel_in_another_currency(house: House, saleor: FakeSaleor) -> None:
    saleor.get("channels", slug="default-channel")["currencyCode"] = "EUR"
    said = await _refused(house.setup(), saleor)
    assert "sells in EUR" in said
    assert "--currency EUR" in said


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.get("types", slug="ai-agent").update(kind="GIFT_CARD"), "product type ai-agent of kind GIFT_CARD"),
        (lambda s: s.get("attributes", slug="cmp-plan").update(inputType="PLAIN_TEXT"), "attribute cmp-plan of another kind"),
        (lambda s: s.get("products", slug="pro-credit-pack").update(productType={"slug": "shirt"}), "pro-credit-pack of the type shirt"),
        (lambda s: s.get("variants", sku="CSA-PRO").update(product={"slug": "shirt"}), "SKU CSA-PRO belongs to the product shirt"),
    ],
    ids=["kind of type", "kind of attribute", "type of product", "SKU of another product"],
)
async def test_what_cannot_be_changed_without_harm(
    house: House, saleor: FakeSaleor, change: Callable[[FakeSaleor], None], words: str
) -> None:
    await run(house.setup())
    change(saleor)
    assert words in await _refused(house.setup(), saleor)


async def test_nobody_answers(house: House) -> None:
    async def nobody(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    alone = House(house.settings, house.database, house.clock, httpx.MockTransport(nobody))
    for credentials in (Credentials(email=EMAIL, password="x"), Credentials(token="x")):
        with pytest.raises(DomainError, match=f"Nothing answers at {house.settings.saleor_url}"):
            await plan(alone.setup(credentials))
    await alone.close()


async def test_what_answers_is_no_saleor(house: House) -> None:
    async def page(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text="<html>hello</html>")

    other = House(house.settings, house.database, house.clock, httpx.MockTransport(page))
    for credentials in (Credentials(email=EMAIL, password="x"), Credentials(token="x")):
        with pytest.raises(DomainError, match="is no Saleor"):
            await plan(other.setup(credentials))
    await other.close()


@pytest.mark.parametrize(
    ("given", "means"),
    [
        ("https://shop.example.com/graphql/", "https://shop.example.com/graphql/"),
        ("https://shop.example.com/graphql", "https://shop.example.com/graphql/"),
        ("https://shop.example.com", "https://shop.example.com/graphql/"),
        ("shop.example.com", "https://shop.example.com/graphql/"),
        (" http://127.0.0.1:8000/ ", "http://127.0.0.1:8000/graphql/"),
    ],
)
def test_the_address_is_understood_as_people_paste_it(given: str, means: str) -> None:
    assert api_url(given) == means


@pytest.mark.parametrize("given", ["", "ftp://shop.example.com", "https://"])
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(DomainError, match="is no address of a Saleor"):
        api_url(given)
