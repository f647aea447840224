"""Billing addresses: which fields a country asks for, and what makes a value wrong. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backend.shop.catalogue.views import Country
from backend.shop.errors import Fault, Refused
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
_POSTAL = {
    "US": r"\d{5}(-\d{4})?",
    "DE": r"\d{5}",
    "FR": r"\d{5}",
    "PL": r"\d{2}-\d{3}",
    "CA": r"[A-Z]\d[A-Z] ?\d[A-Z]\d",
    "GB": r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}",
}
_WITH_AREA = frozenset({"US", "CA", "AU", "IN", "BR", "MX", "JP", "IT", "ES", "CN"})
_WITHOUT_POSTAL_CODE = frozenset({"IE", "HK", "AE", "QA", "PA", "BS", "BO", "GH"})
_UPPER = frozenset({"US", "CA", "GB", "AU"})
MAX_LENGTH = 256
_PHONE = re.compile(r"\+?[\d\s().-]{5,20}")


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


def clean(given: Mapping[str, Any], rules: Mapping[str, Any] | None) -> dict[str, str]:
    """The address as it is stored. Raises Refused with one fault a field: REQUIRED, or INVALID.

    rules: Saleor's CheckoutAddressValidationRules; a rule that is left out is on.
    """
    rules = rules or {}
    country = str(given.get("country") or "")
    values = {name: str(given.get(name) or "").strip() for name in _FIELDS}
    if country in _UPPER:
        values["city"] = values["city"].upper()
    faults = []
    if rules.get("checkRequiredFields", True):
        faults += [_fault(name, "REQUIRED", "This field is required.") for name in required(country) if not values[name]]
        faults += [] if country else [_fault("country", "REQUIRED", "This field is required.")]
    if rules.get("checkFieldsFormat", True):
        faults += _malformed(country, values)
    faults += [_fault(name, "INVALID", "This value is too long.") for name, value in values.items() if len(value) > MAX_LENGTH]
    if faults:
        raise Refused(faults)
    return {**values, "country": country}


def required(country: str) -> list[str]:
    wanted = ["countryArea"] if country in _WITH_AREA else []
    return [*wanted, "city", *([] if country in _WITHOUT_POSTAL_CODE else ["postalCode"]), "streetAddress1"]


def _malformed(country: str, values: Mapping[str, str]) -> list[Fault]:
    faults = []
    pattern, postal = _POSTAL.get(country), values["postalCode"]
    if pattern and postal and not re.fullmatch(pattern, postal.upper()):
        faults.append(_fault("postalCode", "INVALID", "This value is not valid for the address."))
    if values["phone"] and not _PHONE.fullmatch(values["phone"]):
        faults.append(_fault("phone", "INVALID", "The phone number entered is not valid."))
    return faults


def _fault(field: str, code: str, message: str) -> Fault:
    return Fault(code, message, field, address_type="BILLING")


def view(owner: str, stored: Mapping[str, str] | None) -> AddressView | None:
    """owner: what the address belongs to; it makes the address's id."""
    if stored is None:
        return None
    code = stored.get("country", "")
    country = Country(code, {"US": "United States of America"}.get(code, code))
    known = {attribute: stored.get(name, "") for name, attribute in _FIELDS.items()}
    return AddressView(global_id("Address", owner), country, **(known | {"phone": known["phone"] or None}))  # type: ignore[arg-type]
