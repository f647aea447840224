"""The catalogue as it is read: what is on sale, and what is refused with its file named."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend import catalogue
from backend.kernel.money import Credits
from backend.kernel.pricing import Charge, Charges, Rules, TokenPrice

HEAD = 'name = "A"\ntype = "ai-agent"\ncategory = "ai-agents"\nemblem = "csa"\nsummary = "s"\ndescription = "d"\n'
CHARGES = (
    '[charges]\nsuccess = "price"\nempty = "nothing"\nerror = "nothing"\ntimeout = "nothing"\ncancelled = "part"\nrefused = "nothing"\n'
)
PACK = HEAD.replace("ai-agent", "credit-pack")


def variant(terms: str, sku: str = "A-1", more: str = "") -> str:
    return (
        f'[[variant]]\nsku = "{sku}"\nname = "B"\ncard_name = "A"\nsummary = "s"\nprice = "1"\n{more}terms = {{ credits = "5", {terms} }}\n'
    )


def load(tmp_path: Path, text: str, slug: str = "an-agent") -> tuple[catalogue.Product, ...]:
    folder = tmp_path / slug
    folder.mkdir()
    (folder / "product.toml").write_text(text)
    return catalogue.load(tmp_path)


def test_a_price_a_run_is_the_most_and_the_least(tmp_path: Path) -> None:
    [product] = load(tmp_path, HEAD + CHARGES + variant('run = "2.5"'))
    assert product.variants[0].terms.rules == Rules(Credits.of("2.5"))


def test_a_price_for_tokens_is_read_with_its_bounds(tmp_path: Path) -> None:
    priced = 'run = "0.1", per_1000_tokens = "0.4", minimum = "0.5", maximum = "6"'
    [product] = load(tmp_path, HEAD + CHARGES + variant(priced))
    terms = product.variants[0].terms
    assert (terms.run, terms.tokens) == (Credits.of(6), TokenPrice(Credits.of("0.4"), Credits.of("0.1"), Credits.of("0.5")))


def test_a_minimum_that_is_not_written_is_what_every_run_costs(tmp_path: Path) -> None:
    [product] = load(tmp_path, HEAD + CHARGES + variant('run = "0.1", per_1000_tokens = "0.4", maximum = "6"'))
    assert product.variants[0].terms.rules.least == Credits.of("0.1")


def test_charges_are_those_of_every_variant(tmp_path: Path) -> None:
    text = HEAD + CHARGES.replace('empty = "nothing"', 'empty = "price"') + variant('run = "1"') + variant('run = "2"', "A-2")
    [product] = load(tmp_path, text)
    assert [v.terms.charges for v in product.variants] == [Charges(empty=Charge.PRICE)] * 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEAD + variant('run = "1"'), "charges is missing"),
        (HEAD + CHARGES.replace('timeout = "nothing"\n', "") + variant('run = "1"'), "timeout is missing"),
        (HEAD + CHARGES + 'late = "price"\n' + variant('run = "1"'), "charges has no late"),
        (HEAD + CHARGES.replace('error = "nothing"', 'error = "price"') + variant('run = "1"'), "charges.error"),
        (HEAD + CHARGES.replace('timeout = "nothing"', 'timeout = "part"') + variant('run = "1"'), "charges.timeout"),
        (HEAD + CHARGES.replace('empty = "nothing"', 'empty = "half"') + variant('run = "1"'), "none of price, part, nothing"),
        (HEAD + CHARGES + variant("widgets = 1"), "A-1: run is missing|run is missing"),
        (HEAD + CHARGES + variant('run = "0"'), "has a price"),
        (HEAD + CHARGES + variant('run = "-1"'), "less than nothing"),
        (HEAD + CHARGES + variant("run = 0.1"), "as a string"),
        (HEAD + CHARGES + variant('run = "NaN"'), "not a whole number"),
        (HEAD + CHARGES + variant('run = "1", maximum = "2"'), "maximum without per_1000_tokens"),
        (HEAD + CHARGES + variant('run = "1", minimum = "1"'), "minimum without per_1000_tokens"),
        (HEAD + CHARGES + variant('per_1000_tokens = "1"'), "without maximum"),
        (HEAD + CHARGES + variant('per_1000_tokens = "1", minimum = "3", maximum = "2"'), "no room"),
        (HEAD + CHARGES + variant('per_1000_tokens = "0", maximum = "2"'), "more than 0"),
        (HEAD + CHARGES + variant('per_1k_tokens = "1", run = "2"'), "terms has no per_1k_tokens"),
        (HEAD + CHARGES + variant('run = "1"', more='run = "2"\n'), "A-1 has no run"),
        (HEAD + 'not_charged = ["x"]\n' + CHARGES + variant('run = "1"'), "this file has no not_charged"),
        (HEAD + CHARGES + variant('run = "1"') + variant('run = "2"'), "same SKU"),
        (PACK + CHARGES + variant("widgets = 0"), "charges belong to agents"),
        (PACK + variant('run = "1"'), "run: only agents are run"),
        (PACK + variant("run_timeout_seconds = 60"), "run_timeout_seconds: only agents are run"),
        *[
            (HEAD + CHARGES + variant(f'run = "1", run_timeout_seconds = {said}'), "a whole number from 1 to 3600")
            for said in ("0", "-1", "3601", "1.5", "true", '"60"')
        ],
        ("name = ", "Invalid value"),
    ],
)
def test_rules_that_are_wrong_or_contradict_each_other_are_refused_with_the_file_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(catalogue.Malformed, match=words) as refused:
        load(tmp_path, text)
    assert str(refused.value).startswith(str(tmp_path / "an-agent" / "product.toml"))


def test_a_plan_may_name_how_long_its_runs_may_take(tmp_path: Path) -> None:
    named, open_ = variant('run = "1", run_timeout_seconds = 45'), variant('run = "1"', "A-2")
    [product] = load(tmp_path, HEAD + CHARGES + named + open_)
    assert [v.terms.run_seconds for v in product.variants] == [45, 0]


def test_a_sku_is_sold_by_one_product(tmp_path: Path) -> None:
    load(tmp_path, HEAD + CHARGES + variant('run = "1"'))
    with pytest.raises(catalogue.Malformed, match="A-1 is sold by an-agent already"):
        load(tmp_path, HEAD + CHARGES + variant('run = "1"'), "another")


def test_the_agents_of_the_first_day_have_the_prices_they_were_announced_with() -> None:
    prices = {str(v.sku): v.terms.rules for p in catalogue.load() if p.is_agent for v in p.variants}
    assert prices == {sku: Rules(Credits.of(2 if sku.startswith("KBA") else 1)) for sku in ("CSA-BASIC", "CSA-PRO", "KBA-BASIC", "KBA-PRO")}


def test_what_a_product_says_in_prose_of_an_empty_answer_is_its_rule() -> None:
    for product in catalogue.load():
        told = " ".join([product.description, *(q.answer for q in product.questions)])
        if "costs nothing" in told:
            assert {v.terms.charges.empty for v in product.variants} == {Charge.NOTHING}
