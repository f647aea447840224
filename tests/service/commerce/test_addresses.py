"""A form for each country's addresses, from the rules the shop answers."""

from __future__ import annotations

from datetime import timedelta

from graphql import print_ast

from backend.commerce.addresses import GENERAL, form
from backend.commerce.operations import load
from backend.kernel.clock import FrozenClock
from tests.service.commerce.shop import Mall


async def names(mall: Mall, country: str, area: str = "") -> list[tuple[str, str, bool]]:
    return [(field.name, field.label, field.required) for field in await mall.commerce.address_form(country, area)]


async def test_each_country_has_its_own_fields_names_and_order(mall: Mall) -> None:
    united_states = await mall.commerce.address_form("US")
    assert [(field.name, field.label) for field in united_states] == [
        ("first_name", "First name"),
        ("last_name", "Last name"),
        ("company_name", "Company"),
        ("street_address_1", "Street and number"),
        ("street_address_2", "Flat, floor, building"),
        ("city", "City"),
        ("country_area", "State"),
        ("postal_code", "ZIP code"),
    ]
    area = next(field for field in united_states if field.name == "country_area")
    assert ("CA", "California") in area.choices
    assert ("postal_code", "Eircode", False) in await names(mall, "IE")
    assert ("country_area", "County", False) in await names(mall, "IE")
    assert ("country_area", "Province", True) in await names(mall, "CA")
    german = [name for name, _, _ in await names(mall, "DE")]
    assert german.index("postal_code") < german.index("city")
    assert "country_area" not in german
    assert "postal_code" not in [name for name, _, _ in await names(mall, "HK")]


async def test_what_is_required_is_what_the_shop_requires(mall: Mall) -> None:
    required = {name for name, _, needed in await names(mall, "DE") if needed}
    assert required == {"first_name", "last_name", "street_address_1", "postal_code", "city"}


async def test_rules_are_asked_for_once_a_day(mall: Mall, clock: FrozenClock) -> None:
    await mall.commerce.address_form("PL")
    asked = mall.way.asked
    await mall.commerce.address_form("PL")
    assert mall.way.asked == asked
    clock.advance(timedelta(days=1, seconds=1))
    mall.way.up = False
    assert [field.name for field in await mall.commerce.address_form("PL")] != [], "yesterday's rules serve while the shop is away"


async def test_a_shop_that_cannot_say_gets_a_plain_form(mall: Mall) -> None:
    mall.way.up = False
    assert await mall.commerce.address_form("JP") == GENERAL
    mall.way.up = True
    assert await mall.commerce.address_form("") == GENERAL


async def test_bills_go_everywhere_wherever_the_channel_ships_to(mall: Mall) -> None:
    """A fresh Saleor's first channel ships to the United States alone, so it is not even asked."""
    assert "channel" not in print_ast(load()["Countries"].document)
    countries = await mall.commerce.countries()
    assert len(countries) > 200
    assert next(country.name for country in countries if country.code == "DE") == "Germany"


def test_a_value_with_names_in_several_languages_is_listed_once() -> None:
    rules = {
        "addressFormat": "%A%n%C%S",
        "allowedFields": [],
        "requiredFields": [],
        "countryAreaType": "do_si",
        "countryAreaChoices": [{"raw": "X", "verbose": "Ex"}, {"raw": "X", "verbose": "Iks"}, {"raw": "Y", "verbose": None}],
        "cityType": "post_town",
        "cityChoices": [],
        "cityAreaType": "suburb",
        "cityAreaChoices": [],
        "postalCodeType": "postal",
        "postalCodeExamples": [],
    }
    area = next(field for field in form(rules) if field.name == "country_area")
    assert (area.label, area.choices) == ("Do or si", (("X", "Ex"), ("Y", "Y")))
    assert form(rules)[0].name == "first_name", "a name is asked for whatever the format says"
