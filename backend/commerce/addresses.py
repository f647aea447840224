"""Addresses by each country's own rules: which fields there are, what they are called there, and in which order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from backend.commerce import wire
from backend.commerce.cache import Memory
from backend.commerce.session import Session
from backend.kernel.clock import Clock
from backend.kernel.errors import DomainError

DAY = timedelta(days=1)
_PARTS = {
    "N": ("first_name", "last_name"),
    "O": ("company_name",),
    "A": ("street_address_1", "street_address_2"),
    "C": ("city",),
    "D": ("city_area",),
    "S": ("country_area",),
    "Z": ("postal_code",),
}
"""The letters of an address format, as the address data of the world's posts uses them."""
_THEIRS = {
    "companyName": "company_name",
    "streetAddress1": "street_address_1",
    "city": "city",
    "cityArea": "city_area",
    "countryArea": "country_area",
    "postalCode": "postal_code",
}
LABELS = {
    "first_name": "First name",
    "last_name": "Last name",
    "company_name": "Company",
    "street_address_1": "Street and number",
    "street_address_2": "Flat, floor, building",
    "city": "City",
    "city_area": "District",
    "postal_code": "Postal code",
    "country_area": "State or region",
}
_TYPES = {
    "zip": "ZIP code",
    "pin": "PIN code",
    "eircode": "Eircode",
    "postal": "Postal code",
    "do_si": "Do or si",
    "village_township": "Village or township",
    "post_town": "Post town",
}
_WIDE = {"company_name", "street_address_1", "street_address_2"}
_OPTIONAL = {"company_name", "street_address_2"}


@dataclass(frozen=True, slots=True)
class Country:
    """code: ISO 3166-1 alpha-2."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class FormField:
    """name: ours, as in `Address`. choices: pairs of value and words, where the country knows them all. example: of what is asked for."""

    name: str
    label: str
    required: bool
    wide: bool
    choices: tuple[tuple[str, str], ...] = ()
    example: str = ""


GENERAL = tuple(
    FormField(name, LABELS[name], name in {"first_name", "last_name", "street_address_1", "city"}, name in _WIDE)
    for name in ("first_name", "last_name", "company_name", "street_address_1", "street_address_2", "postal_code", "city", "country_area")
)
"""For a country whose rules nobody can tell just now."""


PATIENCE = 3.0
"""Seconds a form waits for the shop's rules before it shows the general one."""


class AddressReads:
    """Rules and countries hardly ever change: each is asked for once a day, and an old one serves while the shop is away."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._forms: Memory[tuple[FormField, ...]] = Memory(clock, life=DAY, size=512, patience=PATIENCE, lasting=True)
        self._countries: Memory[tuple[Country, ...]] = Memory(clock, life=DAY, size=1, patience=PATIENCE, lasting=True)

    async def address_form(self, country: str, area: str = "") -> tuple[FormField, ...]:
        """The fields of a country's addresses in its own order; a general form while the shop cannot say. Never raises."""
        if not country:
            return GENERAL

        async def ask() -> tuple[FormField, ...]:
            data = (await self._session.ask("AddressRules", {"country": country, "area": area or None}))["addressValidationRules"]
            return form(data) if data else GENERAL

        try:
            return await self._forms.get((country, area), ask)
        except DomainError:
            return GENERAL

    async def countries(self) -> tuple[Country, ...]:
        """Where bills may go: everywhere the shop knows. Nothing is shipped, so where the channel ships to is no matter."""

        async def ask() -> tuple[Country, ...]:
            listed = (await self._session.ask("Countries", {}))["shop"]["countries"]
            return tuple(sorted((Country(item["code"], item["country"]) for item in listed), key=lambda country: country.name))

        return await self._countries.get("countries", ask)


def form(rules: wire.Data) -> tuple[FormField, ...]:
    """From Saleor's AddressValidationData. Pure."""
    required = {_THEIRS.get(name, name) for name in rules["requiredFields"]} | {"first_name", "last_name"}
    letters = re.findall(r"%([A-Z])", rules["addressFormat"])
    named = _named(rules)
    names = list(dict.fromkeys(part for letter in letters for part in _PARTS.get(letter, ())))
    # Whoever writes the family name first still fills in both.
    return tuple(_field(name, named, rules, required) for name in (names if "first_name" in names else ["first_name", "last_name", *names]))


def _named(rules: wire.Data) -> Mapping[str, str]:
    kinds = {"country_area": "countryAreaType", "city": "cityType", "city_area": "cityAreaType", "postal_code": "postalCodeType"}
    return LABELS | {name: _label(str(rules[kind])) for name, kind in kinds.items()}


def _label(kind: str) -> str:
    return _TYPES.get(kind) or kind.replace("_", " ").capitalize()


def _field(name: str, named: Mapping[str, str], rules: wire.Data, required: set[str]) -> FormField:
    choices = {"country_area": "countryAreaChoices", "city": "cityChoices", "city_area": "cityAreaChoices"}
    listed = _choices(rules[choices[name]]) if name in choices else ()
    example = next(iter(rules["postalCodeExamples"]), "") if name == "postal_code" else ""
    needed = (name in required and name not in _OPTIONAL) or name == "street_address_1"
    return FormField(name, named[name], needed, name in _WIDE, listed, example)


def _choices(listed: Sequence[wire.Data]) -> tuple[tuple[str, str], ...]:
    """Each value once, under the first of its names: a country with several languages lists a value in each of them."""
    kept: dict[str, str] = {}
    for choice in listed:
        kept.setdefault(choice["raw"] or "", choice["verbose"] or choice["raw"] or "")
    return tuple((raw, words) for raw, words in kept.items() if raw)
