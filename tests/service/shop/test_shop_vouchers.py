"""What a promo code does to a checkout."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from backend.kernel.clock import FrozenClock
from tests.service.shop.shop import Shop


async def test_a_coupon_that_does_not_exist_is_refused_by_name(shop: Shop) -> None:
    checkout = await shop.checkout()
    assert (await shop.promo(checkout["id"], "NOPE"))["errors"] == [{"field": "promoCode", "code": "INVALID"}]


async def test_a_voucher_for_everything_makes_an_order_that_is_paid_without_a_payment(shop: Shop) -> None:
    await shop.voucher("FREE100", "100")
    checkout = await shop.checkout("CSA-PRO")
    free = (await shop.promo(checkout["id"], "FREE100"))["checkout"]
    assert free["discount"]["amount"] == 49.99
    assert free["totalPrice"]["gross"]["amount"] == 0
    order = (await shop.complete(checkout["id"]))["order"]
    assert (order["isPaid"], order["chargeStatus"]) == (True, "FULL")
    assert shop.events.of(order["id"]).count("ORDER_FULLY_PAID") == 1


async def test_a_discount_is_shared_out_over_the_lines_to_the_cent(shop: Shop) -> None:
    await shop.voucher("THIRD", "33.33")
    checkout = await shop.checkout("CSA-BASIC", "CSA-PRO", "KBA-BASIC")
    shown = (await shop.promo(checkout["id"], "THIRD"))["checkout"]
    lines = sum(round(line["totalPrice"]["gross"]["amount"] * 100) for line in shown["lines"])
    assert lines == round(shown["totalPrice"]["gross"]["amount"] * 100)
    assert lines + round(shown["discount"]["amount"] * 100) == round(checkout["totalPrice"]["gross"]["amount"] * 100)


async def test_a_fixed_voucher_never_makes_a_price_negative(shop: Shop) -> None:
    await shop.voucher("BIG", "500", "FIXED")
    checkout = await shop.checkout("CSA-BASIC")
    shown = (await shop.promo(checkout["id"], "BIG"))["checkout"]
    assert shown["totalPrice"]["gross"]["amount"] == 0
    assert shown["discount"]["amount"] == 19.99


async def test_a_voucher_that_was_used_up_or_has_ended_is_refused(shop: Shop, clock: FrozenClock) -> None:
    await shop.voucher("ONCE", "100", usageLimit=1)
    await shop.voucher("SHORT", "10", endDate=(clock.now() + timedelta(days=1)).isoformat())
    first, second = await shop.checkout(), await shop.checkout()
    await shop.promo(first["id"], "ONCE")
    assert (await shop.complete(first["id"]))["errors"] == []
    assert (await shop.promo(second["id"], "ONCE"))["errors"][0]["code"] == "INVALID"
    assert (await shop.promo(second["id"], "SHORT"))["errors"] == []
    clock.advance(timedelta(days=2))
    assert [fault["code"] for fault in (await shop.complete(second["id"]))["errors"]] == ["VOUCHER_NOT_APPLICABLE"]


async def test_the_last_use_of_a_voucher_goes_to_one_of_two_buyers(shop: Shop) -> None:
    await shop.voucher("ONCE", "100", usageLimit=1)
    checkouts = [await shop.checkout() for _ in range(2)]
    for checkout in checkouts:
        await shop.promo(checkout["id"], "ONCE")
    answers = await asyncio.gather(*(shop.complete(checkout["id"]) for checkout in checkouts))
    assert sorted([fault["code"] for fault in answer["errors"]] for answer in answers) == [[], ["VOUCHER_NOT_APPLICABLE"]]


async def test_only_an_app_that_manages_discounts_makes_vouchers(shop: Shop) -> None:
    response = await shop.raw('mutation{voucherCreate(input:{addCodes:["X"]}){errors{code}}}')
    assert response.status_code == 200
    assert response.json()["errors"][0]["extensions"]["exception"]["code"] == "PermissionDenied"
