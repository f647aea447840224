"""What each kind of gateway is sent, and what its answer asks of the buyer."""

from __future__ import annotations

from typing import Any

import pytest

from backend.commerce.gateways import OLDER_STRIPE, TEST, Action, Gateways
from backend.commerce.schemas import Gateway, Payment

STRIPE = "saleor.app.payment.stripe"
GATEWAYS = Gateways(("my.bank",))


def payment(data: Any, status: Any = "action_required", url: str = "") -> Payment:
    return Payment(status, "", "t1", data, url)


def test_usable_gateways_come_first_and_unknown_ones_are_still_listed() -> None:
    listed = [Gateway("app.saleor.adyen", "Adyen"), Gateway("saleor.io.gift-card-payment-gateway", "Gift card"), Gateway(STRIPE, "Stripe")]
    offers = GATEWAYS.offers(listed)
    assert [(offer.name, offer.usable) for offer in offers] == [("Stripe", True), ("Adyen", False)]


@pytest.mark.parametrize(
    ("gateway", "kind"),
    [
        (STRIPE, "stripe"),
        (f"{STRIPE}.staging", "stripe"),
        (f"{STRIPE}-v2", "stripe"),
        (OLDER_STRIPE, "stripe"),
        (f"{STRIPE}s.of.somebody.else", "unknown"),
        (TEST, "test"),
        ("my.bank", "redirect"),
        ("mirumee.payments.dummy", "unknown"),
    ],
)
def test_a_gateway_is_known_by_its_id(gateway: str, kind: str) -> None:
    assert GATEWAYS.kind(gateway) == kind


def test_both_of_stripes_apps_are_spoken_to_in_their_own_way() -> None:
    assert GATEWAYS.opening(STRIPE, {"stripe_method": "klarna"}, "") == {"paymentIntent": {"paymentMethod": "klarna"}}
    assert GATEWAYS.opening(OLDER_STRIPE, {}, "") == {"automatic_payment_methods": {"enabled": True}}


@pytest.mark.parametrize(
    "data",
    [
        {"paymentIntent": {"stripeClientSecret": "pi_secret"}},
        {"stripeClientSecret": "pi_secret"},
        {"paymentIntent": {"client_secret": "pi_secret"}, "publishableKey": "pk"},
    ],
)
@pytest.mark.parametrize("status", ["action_required", "pending"])
def test_a_client_secret_is_found_in_every_shape_also_when_an_older_app_calls_it_pending(data: Any, status: str) -> None:
    assert GATEWAYS.action(STRIPE, payment(data, status), "https://shop/checkout") == Action("stripe", "pi_secret", "https://shop/checkout")


def test_stripes_errors_ask_nothing_of_the_buyer() -> None:
    assert GATEWAYS.action(STRIPE, payment({"paymentIntent": {"errors": [{"code": "x", "message": "y"}]}}, "failed")) is None


@pytest.mark.parametrize("config", [{"stripePublishableKey": "pk"}, {"publishableKey": "pk"}])
def test_the_publishable_key_is_found_in_both_shapes(config: Any) -> None:
    assert GATEWAYS.public_key(config) == "pk"
    assert GATEWAYS.public_key(None) == ""


@pytest.mark.parametrize(
    "data", [{"redirectUrl": "https://bank.example/p"}, {"klarnaHppResponse": {"redirectUrl": "https://bank.example/p"}}]
)
def test_an_address_is_followed_and_its_host_named(data: Any) -> None:
    action = GATEWAYS.action("my.bank", payment(data))
    assert action is not None
    assert (action.kind, action.host) == ("redirect", "bank.example")


@pytest.mark.parametrize(
    "url", ["http://bank.example/p", "javascript:alert(1)", "https://good@evil.example", "https://", "//bank.example", "https://[", 5]
)
def test_only_an_https_address_of_a_named_host_is_followed(url: Any) -> None:
    assert GATEWAYS.action("my.bank", payment({"externalUrl": url})) is None
    assert GATEWAYS.action("my.bank", payment(None, url=str(url))) is None


def test_the_address_that_saleor_keeps_on_the_event_is_followed_when_something_is_asked_of_the_buyer() -> None:
    url = "https://bank.example/p"
    assert GATEWAYS.action("my.bank", payment(None, url=url)) == Action("redirect", url=url)
    assert GATEWAYS.action("my.bank", payment(None, "failed", url)) is None
    assert GATEWAYS.action(TEST, payment(None, url=url)) == Action("confirm")


def test_a_payment_service_on_this_machine_is_followed_only_from_a_storefront_on_this_machine() -> None:
    near = payment(None, url="http://127.0.0.1:8010/payments/1")
    assert Gateways(("my.bank",), ours="http://localhost:3000").action("my.bank", near) is not None
    assert Gateways(("my.bank",), ours="https://shop.example").action("my.bank", near) is None
    far = payment(None, url="http://bank.example/p")
    assert Gateways(("my.bank",), ours="http://localhost:3000").action("my.bank", far) is None
