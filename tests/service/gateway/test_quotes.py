"""What a run would cost, told from the rule and from the agent's own history."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from backend.control_plane.instances import InstanceView
from backend.gateway.models import GatewayRun
from backend.gateway.quotes import ENOUGH, LAST, Quotes, nth
from backend.gateway.views import RunCommand
from backend.kernel.caller import Budget, Caller
from backend.kernel.errors import Conflict, Invalid, NotFound, RateLimited
from backend.kernel.ids import RunId
from backend.kernel.money import Credits
from backend.kernel.pricing import Rules
from tests.service.gateway.house import House
from tests.service.gateway.priced import buy, by_tokens

SOURCE = {"n": 1, "document_id": "d", "document_name": "d.md", "place": "", "quote": "q"}


@pytest.fixture
def quotes(house: House) -> Quotes:
    return Quotes(house.database, house.clock, house.ledger, house.town.instances, house.settings)


def ask(agent: InstanceView, most: str = "") -> RunCommand:
    return RunCommand(agent.id, "Can I?", max_credits=Credits.of(most) if most else None)


async def history(house: House, agent: InstanceView, tokens: Sequence[int], *, status: str = "succeeded", cites: bool = True) -> None:
    """Runs of the past, a second apart, each of which took as many milliseconds as it used tokens. Oldest first."""
    start = house.clock.now()
    async with house.database.write() as tx:
        before = (await tx.execute(select(func.count()).select_from(GatewayRun))).scalar_one()
        for place, used in enumerate(tokens, before):
            at = start + timedelta(seconds=place)
            tx.add(
                GatewayRun(
                    id=RunId(f"run_{place:08d}"),
                    workspace_id=agent.workspace_id,
                    instance_id=agent.id,
                    instance_name="",
                    door="api",
                    owner="",
                    conversation_id="",
                    status=status,
                    query="",
                    text="",
                    sources=[SOURCE] if cites else [],
                    usage={"total_tokens": used},
                    price=0,
                    error_code="",
                    error_detail="",
                    request_key=None,
                    request_hash="",
                    lease_until=at,
                    started_at=at,
                    finished_at=at + timedelta(milliseconds=used),
                )
            )


async def test_a_quote_of_a_price_a_run_is_exact_and_leaves_nothing_behind(house: House, quotes: Quotes) -> None:
    caller, agent = await house.owner()
    quote = await quotes.quote(caller, ask(agent))
    assert (str(quote.hold), quote.estimate, str(quote.available), quote.refusals) == ("1", None, "5", ())
    assert (house.runner.jobs, (await house.balance(caller)).held) == ([], Credits(0))
    async with house.database.read() as tx:
        for table in ("gateway_run", "conversation", "message", "ledger_hold"):
            assert (await tx.execute(text(f"SELECT COUNT(*) FROM {table}"))).scalar_one() == 0


async def test_what_a_quote_says_is_held_is_what_the_run_holds(house: House, quotes: Quotes) -> None:
    caller, _ = await house.owner(credits_="9")
    agent = await buy(house.town, caller, by_tokens())
    for most in ("", "9", "4"):
        quote = await quotes.quote(caller, ask(agent, most))
        run = await house.gateway.run(caller, ask(agent, most))
        assert run.receipt is not None
        assert run.receipt.held == quote.hold
        assert run.receipt.charged <= quote.hold


async def test_the_estimate_is_of_the_last_answers_at_the_price_of_today(house: House, quotes: Quotes) -> None:
    caller, _ = await house.owner()
    agent = await buy(house.town, caller, by_tokens())
    await history(house, agent, range(100, 100 * (ENOUGH - 1) + 1, 100))
    assert (await quotes.quote(caller, ask(agent))).estimate is None
    await history(house, agent, [7_000])
    estimate = (await quotes.quote(caller, ask(agent))).estimate
    assert estimate is not None
    assert (str(estimate.p50), str(estimate.p95)) == ("0.5", "0.86")
    assert (estimate.p50_ms, estimate.p95_ms, estimate.runs) == (1000, 1900, 20)
    assert (await quotes.quote(caller, ask(agent, "4"))).estimate == estimate


async def test_what_costs_nothing_counts_and_what_did_not_answer_does_not(house: House, quotes: Quotes) -> None:
    caller, agent = await house.owner()
    await history(house, agent, [1] * ENOUGH, cites=False)
    await history(house, agent, [9_000] * 30, status="failed")
    await history(house, agent, [9_000] * 30, status="cancelled")
    estimate = (await quotes.quote(caller, ask(agent))).estimate
    assert estimate is not None
    assert (str(estimate.p50), str(estimate.p95), estimate.p95_ms, estimate.runs) == ("0", "0", 1, ENOUGH)


async def test_no_more_than_the_last_runs_of_this_agent_are_looked_at(house: House, quotes: Quotes) -> None:
    caller, agent = await house.owner()
    other = await buy(house.town, caller, Rules(Credits.of(1)))
    await history(house, agent, [9_000] * 50)
    await history(house, agent, [10] * LAST)
    await history(house, other, [9_000] * 50)
    estimate = (await quotes.quote(caller, ask(agent))).estimate
    assert estimate is not None
    assert (estimate.runs, estimate.p50_ms, estimate.p95_ms) == (LAST, 10, 10)


async def test_a_purse_that_is_too_light_is_told_and_not_refused(house: House, quotes: Quotes) -> None:
    caller, agent = await house.owner(credits_="0")
    small, large = Budget("key:key_1", "day", Credits.of("0.5")), Budget("workspace:ws_1", "month", Credits.of(100))
    quote = await quotes.quote(replace(caller, budgets=(small, large)), ask(agent))
    assert [refusal.code for refusal in quote.refusals] == ["insufficient_credits", "budget_exhausted"]
    # As the run itself would be refused: in words, and with the way to mend it.
    assert [refusal.detail for refusal in quote.refusals] == [
        "This run needs 1 credit and 0 are available. Top up at /app/credits and run it again.",
        "This API key may spend 0.5 credits a day and has 0.5 left; this run needs 1. An owner or admin can raise it at /app/keys.",
    ]


@pytest.mark.parametrize(
    ("subject", "whose"),
    [
        ("key:key_01SECRET", "This API key"),
        ("widget:wid_01SECRET", "This chat widget"),
        ("member:ws_01SECRET:acc_01SECRET", "Your account"),
        ("workspace:ws_01SECRET", "The workspace"),
    ],
)
async def test_a_quote_names_a_budget_in_words_and_never_by_its_id(house: House, quotes: Quotes, subject: str, whose: str) -> None:
    caller, agent = await house.owner()
    quote = await quotes.quote(replace(caller, budgets=(Budget(subject, "month", Credits.of("0.5")),)), ask(agent))
    [refusal] = quote.refusals
    assert (refusal.code, refusal.detail.startswith(f"{whose} may spend 0.5 credits a month"), "SECRET" in refusal.detail) == (
        "budget_exhausted",
        True,
        False,
    )


@dataclass(frozen=True)
class Gone:
    day: Credits
    month: Credits


async def test_what_a_budget_has_left_is_counted(house: House) -> None:
    caller, agent = await house.owner()

    async def counters(subjects: Collection[str]) -> Mapping[str, Gone]:
        assert subjects == {"key:key_1"}
        return {"key:key_1": Gone(Credits.of("1.5"), Credits.of(9))}

    quotes = Quotes(house.database, house.clock, house.ledger, house.town.instances, house.settings, counters)
    budgets = [Budget("key:key_1", "day", Credits.of(2)), Budget("key:key_1", "month", Credits.of(10))]
    quote = await quotes.quote(replace(caller, budgets=tuple(budgets)), ask(agent))
    assert [refusal.detail for refusal in quote.refusals] == [
        "This API key may spend 2 credits a day and has 0.5 left; this run needs 1. The budget renews on 23 Nov 2026, 00:00 UTC. "
        "An owner or admin can raise it at /app/keys."
    ]


async def test_a_quote_is_refused_as_the_run_would_be(house: House, quotes: Quotes) -> None:
    caller, agent = await house.owner()
    stranger: Caller = await house.town.member("bob@example.com")
    with pytest.raises(NotFound):
        await quotes.quote(stranger, ask(agent))
    with pytest.raises(NotFound):
        await quotes.quote(replace(caller, instances=frozenset()), ask(agent))
    with pytest.raises(Invalid, match="cap"):
        await quotes.quote(caller, ask(agent, "0.5"))
    await house.town.instances.pause(caller, agent.id)
    with pytest.raises(Conflict):
        await quotes.quote(caller, ask(agent))


@pytest.mark.usefixtures("one_moment")
async def test_quotes_are_limited_apart_from_runs(house: House, quotes: Quotes) -> None:
    caller, agent = await house.owner()
    for _ in range(agent.terms.rpm):
        await quotes.quote(caller, ask(agent))
    with pytest.raises(RateLimited):
        await quotes.quote(caller, ask(agent))
    assert (await house.gateway.run(caller, ask(agent))).status == "succeeded"


@given(st.lists(st.integers(), min_size=1), st.integers(1, 100))
def test_so_many_of_a_hundred_do_not_exceed_it(values: list[int], percent: int) -> None:
    found = nth(sorted(values), percent)
    assert sum(value <= found for value in values) * 100 >= percent * len(values)
    assert sum(value < found for value in values) * 100 < percent * len(values)
