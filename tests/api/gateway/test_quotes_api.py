"""`POST /v1/runs:quote` as a client sees it, and as those see it who may not."""

from __future__ import annotations

import httpx
import pytest

from tests.api.gateway.conftest import Door, Open
from tests.api.gateway.test_widget_door import visit

NOTHING = {"error": "nothing", "timeout": "nothing", "empty": "nothing", "refused": "nothing"}


async def quote(door: Door, headers: dict[str, str] | None = None, **more: object) -> httpx.Response:
    body = {"instance_id": door.agent.id, "input": {"query": "Can I return a lamp?"}, **more}
    return await door.http.post("/v1/runs:quote", json=body, headers=headers)


async def test_a_quote_tells_the_rule_the_hold_and_the_purse(door: Open) -> None:
    ann = await door()
    answer = await quote(ann, stream=True, background=False, max_credits="2.5")
    assert answer.status_code == 200
    assert answer.json() == {
        "instance_id": ann.agent.id,
        "pricing": {"run": "1", "per_1000_tokens": None, "minimum": "1", "maximum": "1"},
        "charges": {"success": "price", "cancelled": "part", **NOTHING},
        "hold": "1",
        "max": "1",
        "exact": True,
        "estimate": None,
        "estimate_missing": "Fewer than 20 of this agent's last 300 runs were answered.",
        "available": "5",
        "affordable": True,
        "refusals": [],
    }
    assert ann.house.runner.jobs == []


async def test_a_quote_that_cannot_be_paid_says_why(door: Open) -> None:
    ann = await door(credits_="0")
    told = (await quote(ann)).json()
    assert (told["affordable"], [one["code"] for one in told["refusals"]]) == (False, ["insufficient_credits"])


async def test_a_cap_below_the_price_is_refused_as_the_run_would_be(door: Open) -> None:
    ann = await door(sku="KBA-BASIC")
    asked, run = await quote(ann, max_credits="1.5"), await ann.ask(max_credits="1.5")
    assert (asked.status_code, asked.json()) == (run.status_code, run.json())
    assert asked.json()["code"] == "quote_exceeds_cap"


@pytest.mark.parametrize("cap", ["0", "-1", "NaN", "Infinity", "-Infinity", "0.0000001", "1e999", "", "many", 1.5, True, None, []])
@pytest.mark.parametrize("path", ["/v1/runs", "/v1/runs:quote"])
async def test_a_cap_that_is_no_amount_above_nothing_is_refused_by_its_name(door: Open, path: str, cap: object) -> None:
    ann = await door()
    answer = await ann.http.post(path, json={"instance_id": ann.agent.id, "input": {"query": "Hi"}, "max_credits": cap})
    if cap is None:
        assert answer.status_code == 200
        return
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, ["max_credits"])
    assert ann.house.runner.jobs == []


async def test_another_tenants_agent_has_no_quote(door: Open) -> None:
    ann, bob = await door(), await door("bob@example.com")
    bob.agent = ann.agent
    foreign = await quote(bob)
    assert (foreign.status_code, foreign.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("key", ["", "Bearer ", "Bearer cmp_forged", "Bearer cmpw_forged", "Basic YTpi"])
async def test_nobody_and_a_forged_token_get_no_quote(door: Open, key: str) -> None:
    ann = await door()
    async with httpx.AsyncClient(transport=ann.http._transport, base_url="http://test") as nobody:
        body = {"instance_id": ann.agent.id, "input": {"query": "Hi"}}
        answer = await nobody.post("/v1/runs:quote", json=body, headers={"Authorization": key} if key else {})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_a_visitor_of_a_widget_gets_no_quote(door: Open) -> None:
    ann = await door()
    _, headers = await visit(ann)
    answer = await quote(ann, headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert ann.agent.id not in answer.text


async def test_unknown_fields_are_refused_and_a_long_question_is_too_large(door: Open) -> None:
    ann = await door()
    assert (await quote(ann, tone="x")).status_code == 422
    assert (await quote(ann, input={"query": "x" * 16_001})).status_code == 413
    assert (await quote(ann, input={"query": " "})).status_code == 422


async def test_offerings_and_agents_tell_the_same_rules_as_the_quote(door: Open) -> None:
    ann = await door()
    quoted = (await quote(ann)).json()
    offered = next(o for o in (await ann.http.get("/v1/offerings")).json()["items"] if o["sku"] == "CSA-BASIC")
    owned = (await ann.http.get(f"/v1/instances/{ann.agent.id}")).json()
    for terms in (offered["terms"], owned["terms"]):
        assert (terms["pricing"], terms["charges"], terms["run"]) == (quoted["pricing"], quoted["charges"], quoted["max"])
