"""What a listing says of prices and charges is what the gateway does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backend import catalogue
from backend.gateway import policy
from backend.gateway.views import Outcome, RunStatus, SourceView
from backend.kernel.money import ZERO, Credits
from backend.kernel.pricing import Charge, Charges, Rules, TokenPrice
from cmp_web.state import rules, shelf
from tests.service.gateway.priced import by_tokens

SOURCE = SourceView(1, "d", "d.md", "", "q")
AGENTS = [product for product in catalogue.load() if product.is_agent]
EVERY = [Charges(empty=empty, cancelled=stopped) for empty in (Charge.NOTHING, Charge.PRICE) for stopped in (Charge.PART, Charge.NOTHING)]
ENDINGS = {
    "when a run fails or times out": Outcome(RunStatus.FAILED, "x" * 900, error_code="timeout", usage={"total_tokens": 5000}),
    "when the answer is not in your documents": Outcome(RunStatus.SUCCEEDED, "I do not know.", usage={"total_tokens": 5000}),
    "when you stop it": Outcome(RunStatus.CANCELLED, "x" * 900),
}


@pytest.mark.parametrize("charges", EVERY)
@pytest.mark.parametrize("price", [Rules(Credits.of(1)), by_tokens()], ids=["a run", "tokens"])
def test_an_ending_is_said_to_cost_nothing_exactly_when_it_does(price: Rules, charges: Charges) -> None:
    one = replace(price, charges=charges)
    terms = AGENTS[0].variants[0].terms.under(one)
    for words, outcome in ENDINGS.items():
        assert (words in rules.not_charged(one)) is (policy.charge(outcome, terms, terms.run) == ZERO)
    assert ("for the part that was used, if you stop it" in rules.charged(one)) is (charges.cancelled is Charge.PART)
    assert not set(rules.charged(one)) & set(rules.not_charged(one))


@pytest.mark.parametrize("product", AGENTS, ids=lambda product: product.slug)
def test_the_listing_of_an_agent_says_what_its_runs_cost(product: catalogue.Product) -> None:
    shown = shelf.built_product(product)
    for plan, variant in zip(shown.plans, product.variants, strict=True):
        answered = policy.charge(Outcome(RunStatus.SUCCEEDED, "Yes [1].", (SOURCE,)), variant.terms, variant.terms.run)
        assert plan.run == plan.most == ("1 credit" if answered == Credits.of(1) else f"{answered} credits")
        assert (shown.charged, shown.not_charged) == (rules.charged(variant.terms.rules), rules.not_charged(variant.terms.rules))


def test_the_words_of_the_first_day_stand() -> None:
    for product in AGENTS:
        shown = shelf.built_product(product)
        assert shown.charged == [
            "when the agent answers from your documents",
            "never more than the quote, or the cap you set",
            "for the part that was used, if you stop it",
        ]
        assert shown.not_charged == [
            "when a run fails or times out",
            "when it is refused, for limits or low credits",
            "when the answer is not in your documents",
            "when the same request is sent again with its key",
        ]
    assert shelf.ALWAYS_FREE == "A run that fails, times out, is refused, or finds nothing in your documents costs nothing."


def test_a_price_for_tokens_is_told_with_its_bounds() -> None:
    assert (rules.price(by_tokens()), rules.by_tokens(by_tokens())) == ("0.5 to 4 credits", "0.1 credits and 0.4 credits for 1,000 tokens")
    cheap = Rules(Credits.of(1), TokenPrice(Credits.of("0.2"), ZERO, ZERO))
    assert (rules.price(cheap), rules.by_tokens(cheap)) == ("up to 1 credit", "0.2 credits for 1,000 tokens")
    assert (rules.price(Rules(Credits.of(1))), rules.by_tokens(Rules(Credits.of(1)))) == ("1 credit", "")


def test_credits_to_buy_say_nothing_of_runs() -> None:
    packs = [shelf.built_product(product) for product in catalogue.load() if not product.is_agent]
    assert [(pack.charged, pack.not_charged) for pack in packs] == [([], [])] * len(packs)


def test_what_one_agent_of_the_market_charges_for_is_not_called_free() -> None:
    paid = Rules(Credits.of(1), charges=Charges(empty=Charge.PRICE))
    assert rules.free([Rules(Credits.of(1)), paid]) == "A run that fails, times out or is refused costs nothing."
