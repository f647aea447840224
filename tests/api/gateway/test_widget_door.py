"""The runs, as a widget's page on another site reaches them."""

from __future__ import annotations

import pytest

from backend.control_plane.budgets import Limits
from backend.kernel.money import Credits
from backend.widget.views import WidgetSession, WidgetUpdate
from tests.api.gateway.conftest import Door, Open

SITE = "https://shop.example.com"
AWAY = {
    "type": "about:blank",
    "title": "Not available just now",
    "status": 402,
    "code": "agent_unavailable",
    "detail": "This agent cannot answer just now.",
}


async def visit(ann: Door) -> tuple[WidgetSession, dict[str, str]]:
    """A visitor's session, and the headers that the page sends."""
    widgets = ann.house.town.widgets
    widget = await widgets.update(ann.caller, ann.agent.id, WidgetUpdate(allowed_origins=(SITE,)))
    session = await widgets.open_session(widget.id, SITE)
    return session, {"Authorization": f"Bearer {session.token}", "Origin": SITE}


async def test_a_visitor_may_run_the_agent_from_the_allowed_site(door: Open) -> None:
    ann = await door()
    session, headers = await visit(ann)
    answer = await ann.ask(headers=headers)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, SITE)
    assert "Origin" in answer.headers["vary"]
    assert (answer.json()["session_id"], answer.json()["door"]) == (session.session_id, "widget")


async def test_a_refusal_can_be_read_by_the_page_too(door: Open) -> None:
    ann = await door(credits_="0")
    _, headers = await visit(ann)
    answer = await ann.ask(headers=headers)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (402, SITE)


async def test_a_visitor_is_told_no_price_no_cost_and_no_balance(door: Open) -> None:
    ann, poor = await door(), await door("bob@example.com", credits_="0.5")
    _, headers = await visit(ann)
    run = (await ann.ask(headers=headers)).json()
    again = (await ann.http.get(f"/v1/runs/{run['id']}", headers=headers)).json()
    streamed = (await ann.ask(headers=headers, stream=True)).text
    assert (run["receipt"], again["receipt"]) == (None, None)
    assert "run.completed" in streamed
    assert [word for word in ("quoted", "charged", "available") if word in streamed] == []
    assert (await ann.http.get(f"/v1/runs/{run['id']}")).json()["receipt"]["charged"] == "1"
    refused = (await poor.ask(headers=(await visit(poor))[1])).json()
    assert refused == AWAY


async def test_a_visitor_cannot_tell_a_used_up_budget_from_missing_credits(door: Open) -> None:
    ann = await door()
    widgets = ann.house.town.widgets
    site = WidgetUpdate(allowed_origins=(SITE,), budget=Limits(day=Credits.of(1)))
    widget = await widgets.update(ann.caller, ann.agent.id, site)
    session = await widgets.open_session(widget.id, SITE)
    headers = {"Authorization": f"Bearer {session.token}", "Origin": SITE}
    assert (await ann.ask(headers=headers)).status_code == 200
    for stream in (False, True):
        refused = await ann.ask(headers=headers, stream=stream)
        assert (refused.status_code, refused.json(), refused.headers.get("retry-after")) == (402, AWAY, None)


async def test_a_visitor_is_not_told_that_the_agent_was_paused_nor_what_its_plan_allows(door: Open) -> None:
    ann, busy = await door(), await door("bob@example.com")
    _, headers = await visit(ann)
    await ann.house.town.instances.pause(ann.caller, ann.agent.id)
    refused = await ann.ask(headers=headers)
    assert (refused.status_code, refused.json()["code"], refused.json()["detail"]) == (409, "agent_unavailable", AWAY["detail"])
    _, headers = await visit(busy)
    slots = busy.house.gateway._admission._slots
    for _ in range(busy.house.settings.running_at_once):
        slots.take(busy.caller.workspace_id)
    refused = await busy.ask(headers=headers)
    told = refused.status_code, refused.json()["code"], refused.json()["detail"], refused.headers["retry-after"]
    assert told == (429, "rate_limited", "Many questions at once. Try again in a moment.", "2")


async def test_a_token_used_on_another_site_runs_nothing(door: Open) -> None:
    ann = await door()
    _, headers = await visit(ann)
    answer = await ann.ask(headers=headers | {"Origin": "https://evil.example.com"})
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
    assert "access-control-allow-origin" not in answer.headers
    assert ann.house.runner.jobs == []


async def test_a_visitor_reads_nothing_of_the_workspace_but_their_own_run(door: Open) -> None:
    ann = await door()
    _, headers = await visit(ann)
    mine, other = (await ann.ask(headers=headers)).json(), (await ann.ask()).json()
    paths = ["/v1/runs", "/v1/credits", f"/v1/receipts/{mine['id']}", f"/v1/runs/{other['id']}", f"/v1/runs/{mine['id']}"]
    assert [(await ann.http.get(path, headers=headers)).status_code for path in paths] == [403, 403, 403, 404, 200]


@pytest.mark.parametrize("path", ["/v1/runs", "/v1/runs/run_1:cancel"])
async def test_a_preflight_is_answered_for_any_origin_and_without_credentials(door: Open, path: str) -> None:
    ann = await door()
    headers = {"Origin": "https://any.example.com", "Access-Control-Request-Method": "POST"}
    answer = await ann.http.options(path, headers=headers)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, "https://any.example.com")
    assert "Authorization" in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in answer.headers


async def test_an_api_key_in_a_page_gets_no_cors(door: Open) -> None:
    ann = await door()
    answer = await ann.ask(headers={"Origin": SITE})
    assert "access-control-allow-origin" not in answer.headers
