"""The ways to pay that this storefront can use: a table, and for each kind what to send to its app and what its answer asks of the buyer.

The shapes are those of the apps' own documentation. Stripe's app has two. The older one, `app.saleor.stripe`, takes Stripe's own parameters
and answers `paymentIntent.client_secret`; the present one takes the chosen method and answers `paymentIntent.stripeClientSecret`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from backend.commerce.schemas import Gateway, Payment

Kind = Literal["test", "stripe", "redirect", "unknown"]
TEST = "saleor.io.dummy-payment-app"
"""Saleor's own gateway for tests, in the embedded shop and in a real one: it does what the storefront asks it to."""
OLDER_STRIPE = "app.saleor.stripe"
_KINDS: Mapping[str, Kind] = {
    TEST: "test",
    "saleor.app.payment.stripe": "stripe",
    OLDER_STRIPE: "stripe",
    "app.saleor.klarna": "redirect",
}
_STRIPE_VARIANTS = "saleor.app.payment.stripe"
NOT_A_CHOICE = frozenset({"saleor.io.gift-card-payment-gateway"})
"""Listed by the shop, but used by entering a code."""
OUTCOMES = {"accepted": "CHARGE_SUCCESS", "declined": "CHARGE_FAILURE", "confirm": "CHARGE_ACTION_REQUIRED"}
_SECRETS = ("stripeClientSecret", "client_secret", "clientSecret")
_KEYS = ("stripePublishableKey", "publishableKey")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_ADDRESSES = ("redirectUrl", "externalUrl", "redirect_url")


@dataclass(frozen=True, slots=True)
class Action:
    """What the buyer does next. kind: "confirm" in our own page, "stripe" with its script (secret; url is the way
    back), "redirect" to another site (url).
    """

    kind: Literal["confirm", "stripe", "redirect"]
    secret: str = ""
    url: str = ""

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A gateway as the checkout lists it."""

    id: str
    name: str
    kind: Kind

    @property
    def usable(self) -> bool:
        return self.kind != "unknown"


class Gateways:
    """redirects: ids of further gateways whose app answers with an address to send the buyer to (CMP_REDIRECT_GATEWAYS). ours: our own
    address; while it is this machine's, a payment service on this machine needs no https.
    """

    def __init__(self, redirects: Sequence[str] = (), *, ours: str = "") -> None:
        self._local = (urlsplit(ours).hostname or "") in _LOOPBACK
        self._kinds: dict[str, Kind] = {**_KINDS, **dict.fromkeys(redirects, "redirect")}

    def kind(self, gateway: str) -> Kind:
        if gateway in self._kinds:
            return self._kinds[gateway]
        return "stripe" if gateway.startswith((f"{_STRIPE_VARIANTS}.", f"{_STRIPE_VARIANTS}-")) else "unknown"

    def offers(self, listed: Sequence[Gateway]) -> list[Offer]:
        """Usable ones first, each in the shop's own order."""
        offers = [Offer(gateway.id, gateway.name, self.kind(gateway.id)) for gateway in listed if gateway.id not in NOT_A_CHOICE]
        return sorted(offers, key=lambda offer: not offer.usable)

    def choice(self, gateway: str, given: Mapping[str, Any]) -> str:
        """What a new payment depends on beside its gateway: a payment begun for one of Stripe's methods cannot go on with another."""
        return str(given.get("stripe_method") or "card") if self.kind(gateway) == "stripe" else ""

    def opening(self, gateway: str, given: Mapping[str, Any], back: str) -> Any:
        """The data for transactionInitialize. given: the checkout's form. back: our address, for whoever sends the buyer away."""
        match self.kind(gateway):
            case "test":
                return {"event": {"type": OUTCOMES.get(str(given.get("outcome", "")), "CHARGE_SUCCESS"), "includePspReference": True}}
            case "stripe" if gateway == OLDER_STRIPE:
                return {"automatic_payment_methods": {"enabled": True}}
            case "stripe":
                return {"paymentIntent": {"paymentMethod": self.choice(gateway, given)}}
            case _:
                return {"returnUrl": back, "redirectUrl": back, "merchantUrls": {"success": back}}

    def going_on(self, gateway: str, given: Mapping[str, Any]) -> Any:
        """The data for transactionProcess. given: what came back from the bank's pages, or nothing."""
        match self.kind(gateway):
            case "test":
                return {"event": {"type": "CHARGE_SUCCESS", "includePspReference": True}}
            case "stripe" if gateway == OLDER_STRIPE:
                return {}
            case "stripe":
                return None
            case _:
                return dict(given)

    def action(self, gateway: str, payment: Payment, back: str = "") -> Action | None:
        """What the answer asks of the buyer; None when it asks nothing that this storefront knows of.

        Older Stripe apps call a payment that waits for its card a request, hence the secret decides, not the event.
        """
        kind = self.kind(gateway)
        if kind == "stripe":
            secret = next(_found(payment.data, _SECRETS), "")
            return Action("stripe", secret=secret, url=back) if secret and payment.status in {"action_required", "pending"} else None
        if kind == "test":
            return Action("confirm") if payment.status == "action_required" else None
        addresses = (payment.external_url, *_found(payment.data, _ADDRESSES))
        address = next((url for url in addresses if _safe(url, loopback=self._local)), "")
        return Action("redirect", url=address) if address and payment.status in {"action_required", "pending"} else None

    def public_key(self, config: Any) -> str:
        """Stripe's publishable key from its app's answer to paymentGatewayInitialize; "" when it has none."""
        return next(_found(config, _KEYS), "")


def _found(data: Any, names: Sequence[str], depth: int = 3) -> Iterator[str]:
    """Texts under these names, at the top or a little below it."""
    if not isinstance(data, Mapping) or not depth:
        return
    yield from (value for name in names if isinstance(value := data.get(name), str) and value)
    for value in data.values():
        yield from _found(value, names, depth - 1)


def _safe(url: str, *, loopback: bool) -> bool:
    """Only to a named host, and only where nobody can listen."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    private = parts.scheme == "https" or (loopback and parts.scheme == "http" and parts.hostname in _LOOPBACK)
    return private and bool(parts.hostname) and not parts.username
