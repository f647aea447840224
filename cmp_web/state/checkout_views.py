"""What the checkout page is shown: plain values. They cross the websocket, so they are small. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from backend.commerce.addresses import FormField
from backend.commerce.gateways import Offer
from backend.commerce.seen import Change, words

AUTOCOMPLETE = {
    "first_name": "given-name",
    "last_name": "family-name",
    "company_name": "organization",
    "street_address_1": "address-line1",
    "street_address_2": "address-line2",
    "postal_code": "postal-code",
    "city": "address-level2",
    "city_area": "address-level3",
    "country_area": "address-level1",
}
FIXED = {"email": "E-mail", "country": "Country", "terms": "Terms", "promo_code": "Promo code"}
"""The fields that are there whatever the country."""


@dataclass(frozen=True)
class Choice:
    value: str
    label: str


@dataclass(frozen=True)
class FieldView:
    """key: changes with the country where the choices do, so that the browser draws them anew."""

    name: str
    key: str
    label: str
    required: bool
    wide: bool
    choices: list[Choice]
    value: str
    error: str
    hint: str
    auto: str


@dataclass(frozen=True)
class OfferView:
    id: str
    name: str
    usable: bool


@dataclass(frozen=True)
class ChangeView:
    """line: the id of the line that can be mended with a press; left: what is left of it."""

    words: str
    line: str
    left: int


@dataclass(frozen=True)
class Wrong:
    name: str
    label: str


@dataclass(frozen=True)
class Stripe:
    """What our script beside Stripe's is told. amount: minor units. secret: of the payment to confirm; turn: counts the askings for it."""

    key: str = ""
    amount: int = 0
    currency: str = ""
    secret: str = ""
    back: str = ""
    turn: int = 0


def fields(form: Iterable[FormField], country: str, typed: Mapping[str, str], errors: Mapping[str, str]) -> list[FieldView]:
    return [
        FieldView(
            name=field.name,
            key=f"{field.name}-{country}" if field.choices else field.name,
            label=field.label,
            required=field.required,
            wide=field.wide,
            choices=[Choice(value, label) for value, label in field.choices],
            value=typed.get(field.name, ""),
            error=errors.get(field.name, ""),
            hint=f"For example {field.example}" if field.example else "",
            auto=AUTOCOMPLETE.get(field.name, "off"),
        )
        for field in form
    ]


def wrong(errors: Mapping[str, str], shown: Iterable[FieldView]) -> list[Wrong]:
    """The fields to look at, in the order of the page."""
    labels = {name: FIXED[name] for name in ("email", "country")} | {field.name: field.label for field in shown} | {"terms": FIXED["terms"]}
    return [Wrong(name, label) for name, label in labels.items() if errors.get(name)]


def changes(found: Iterable[Change]) -> list[ChangeView]:
    return [
        ChangeView(words(one), one.line_id if one.kind in {"gone", "short"} else "", int(one.now) if one.kind == "short" else 0)
        for one in found
    ]


def offers(listed: Iterable[Offer]) -> list[OfferView]:
    return [OfferView(offer.id, offer.name, offer.usable) for offer in listed]
