"""Try it here, on the product page."""

from __future__ import annotations

import pytest

from backend.gateway.trial import A_DAY
from backend.gateway.views import RunEvent
from backend.kernel.errors import Invalid, NotFound, RateLimited
from backend.runner.ports import Failed
from tests.service.gateway.house import House

SLUG = "customer-support-agent"


async def ask(house: House, text: str = "Can I return an item I have opened?", visitor: str = "v1", slug: str = SLUG) -> list[RunEvent]:
    return [event async for event in house.gateway.trial(slug, visitor, text)]


async def test_a_trial_answers_from_the_sample_documents_and_keeps_nothing(house: House) -> None:
    events = await ask(house)
    assert [event.name for event in events] == ["run.started", "token", "token", "source", "run.completed"]
    [job] = house.runner.jobs
    assert job.passages[0].document_name == "handbook.md"
    assert "return" in job.passages[0].text.lower()
    assert (job.history, await house.ledger.open_holds(house.clock.now())) == ((), [])


async def test_a_trial_that_fails_says_so(house: House) -> None:
    house.runner.script = [Failed("unavailable", "starting")]
    assert (await ask(house))[-1].data["error"]["code"] == "unavailable"


@pytest.mark.usefixtures("one_moment")
async def test_a_visitor_has_so_many_trials_a_day(house: House) -> None:
    for _ in range(A_DAY):
        await ask(house)
    with pytest.raises(RateLimited):
        await ask(house)
    assert (await ask(house, visitor="v2"))[-1].name == "run.completed"


@pytest.mark.parametrize("text", ["", "  ", "x" * 501])
async def test_a_trial_question_is_short_and_not_empty(house: House, text: str) -> None:
    with pytest.raises(Invalid):
        await ask(house, text)


@pytest.mark.parametrize("slug", ["no-such-thing", "starter-credit-pack"])
async def test_only_agents_can_be_tried(house: House, slug: str) -> None:
    with pytest.raises(NotFound):
        await ask(house, slug=slug)
