"""`/v1/runs`, `/v1/credits` and `/v1/receipts` as a client sees them."""

from __future__ import annotations

import httpx
import pytest

from tests.api.gateway.conftest import Open


async def test_a_run_answers_in_the_shape_that_is_documented(door: Open) -> None:
    ann = await door()
    answer = await ann.ask()
    run = answer.json()
    assert answer.status_code == 200
    assert (run["id"][:4], run["status"], run["output"]["text"]) == ("run_", "succeeded", "Within 30 days [1].")
    assert [source["document_name"] for source in run["output"]["sources"]] == ["handbook.md"]
    assert {part: run["receipt"][part] for part in ("held", "charged", "available")} == {"held": "1", "charged": "1", "available": "4"}
    assert (run["usage"], run["session_id"][:5], run["error"]) == ({"total_tokens": 9}, "conv_", None)
    assert (await ann.http.get(f"/v1/runs/{run['id']}")).json() == run
    assert (await ann.http.get("/v1/runs")).json() == {"items": [run], "next": None}


async def test_the_receipt_and_the_account_tell_the_same_story(door: Open) -> None:
    ann = await door()
    run = (await ann.ask()).json()
    receipt = (await ann.http.get(f"/v1/receipts/{run['id']}")).json()
    assert {name: receipt[name] for name in run["receipt"]} == run["receipt"]
    credits_ = (await ann.http.get("/v1/credits")).json()
    assert {part: credits_[part] for part in ("balance", "held", "available")} == {"balance": "4", "held": "0", "available": "4"}
    assert [lot["id"] for lot in credits_["lots"]] == [lot["id"] for lot in receipt["lots"]]
    page = (await ann.http.get("/v1/credits/entries", params={"limit": 1})).json()
    assert [(e["kind"], e["amount"], e["balance_after"], e["run_id"]) for e in page["items"]] == [("charge", "-1", "4", run["id"])]
    rest = (await ann.http.get("/v1/credits/entries", params={"cursor": page["next"]})).json()
    assert [(e["kind"], e["amount"], rest["next"]) for e in rest["items"]] == [("grant", "5", None)]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"input": {"query": "Hi"}}, "instance_id"),
        ({"instance_id": "inst_1"}, "input"),
        ({"instance_id": "inst_1", "input": {}}, "input.query"),
        ({"instance_id": "inst_1", "input": {"query": 7}}, "input.query"),
        ({"instance_id": "inst_1", "input": {"query": "Hi", "tone": "x"}}, "input.tone"),
        ({"instance_id": "inst_1", "input": {"query": "Hi"}, "steam": True}, "steam"),
        ({"instance_id": "inst_1", "input": {"query": "Hi"}, "max_credits": "-1"}, "max_credits"),
        ({"instance_id": "inst_1", "input": {"query": "Hi"}, "max_credits": "NaN"}, "max_credits"),
        ({"instance_id": "inst_1", "input": {"query": "Hi"}, "max_credits": "Infinity"}, "max_credits"),
        ({"instance_id": "inst_1", "input": {"query": "Hi"}, "max_credits": "0.0000001"}, "max_credits"),
        ({"instance_id": "inst_1", "input": {"query": "Hi"}, "max_credits": 1.5}, "max_credits"),
        ({"instance_id": "inst_1", "input": {"query": " "}}, "input.query"),
        ({"instance_id": "inst_1", "input": {"query": "Hi"}, "session_id": "x" * 201}, "session_id"),
        ([], "body"),
    ],
)
async def test_a_wrong_field_is_named(door: Open, body: object, field: str) -> None:
    ann = await door()
    answer = await ann.http.post("/v1/runs", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert field in [error["field"] for error in answer.json()["errors"]]


@pytest.mark.parametrize("content", [b"{", b"not json", b'{"instance_id": }'])
async def test_malformed_json_is_400(door: Open, content: bytes) -> None:
    ann = await door()
    answer = await ann.http.post("/v1/runs", content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")


async def test_a_long_question_is_413(door: Open) -> None:
    ann = await door()
    assert (await ann.ask("x" * 16_001)).status_code == 413


async def test_unknown_and_foreign_things_are_404(door: Open) -> None:
    ann, bob = await door(), await door("bob@example.com")
    run = (await ann.ask()).json()
    answers = [
        await bob.http.post("/v1/runs", json={"instance_id": ann.agent.id, "input": {"query": "Hi"}}),
        await bob.http.post("/v1/runs", json={"instance_id": "inst_unknown", "input": {"query": "Hi"}}),
        await bob.ask(session_id=run["session_id"]),
        await bob.http.get(f"/v1/runs/{run['id']}"),
        await bob.http.post(f"/v1/runs/{run['id']}:cancel"),
        await bob.http.get(f"/v1/receipts/{run['id']}"),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "not_found")] * 6


async def test_without_credits_the_answer_is_402_and_says_how_to_top_up(door: Open) -> None:
    ann = await door(credits_="0")
    answer = await ann.ask()
    assert (answer.status_code, answer.json()["code"]) == (402, "insufficient_credits")
    assert "Top up at /app/credits" in answer.json()["detail"]
    streamed = await ann.ask(stream=True)
    assert (streamed.status_code, streamed.headers["content-type"]) == (402, "application/problem+json")


@pytest.mark.parametrize("key", ["", "Bearer ", "Bearer cmp_forged", "Bearer cmpw_forged", "Basic YTpi"])
async def test_no_key_or_a_forged_one_is_401(door: Open, key: str) -> None:
    ann = await door()
    async with httpx.AsyncClient(transport=ann.http._transport, base_url="http://test") as nobody:
        for method, path in (("POST", "/v1/runs"), ("GET", "/v1/runs"), ("GET", "/v1/credits"), ("POST", "/v1/runs/run_1:cancel")):
            body = {"instance_id": ann.agent.id, "input": {"query": "Hi"}} if path == "/v1/runs" and method == "POST" else None
            answer = await nobody.request(method, path, json=body, headers={"Authorization": key} if key else {})
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert ann.house.runner.jobs == []


async def test_a_quote_above_the_cap_is_refused_with_the_price(door: Open) -> None:
    ann = await door(sku="KBA-BASIC")
    answer = await ann.ask(max_credits="1.5")
    assert (answer.status_code, answer.json()["code"]) == (422, "quote_exceeds_cap")
    assert "up to 2 credits" in answer.json()["detail"]


async def test_a_request_sent_again_with_its_key_gets_the_same_answer(door: Open) -> None:
    ann = await door()
    key = {"Idempotency-Key": "order 7"}
    first, again = await ann.ask(headers=key), await ann.ask(headers=key)
    other = await ann.ask("Something else", headers=key)
    assert again.json() == first.json()
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert (await ann.ask(headers={"Idempotency-Key": "x" * 256})).status_code == 422


@pytest.mark.usefixtures("one_moment")
async def test_too_many_requests_are_429_with_the_time_to_wait(door: Open) -> None:
    ann = await door(credits_="0")
    answers = [await ann.ask() for _ in range(ann.agent.terms.rpm + 1)]
    assert [answer.status_code for answer in answers] == [402] * ann.agent.terms.rpm + [429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "status=done"])
async def test_a_list_that_cannot_be_is_refused_by_its_parameter(door: Open, query: str) -> None:
    ann = await door()
    answer = await ann.http.get(f"/v1/runs?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, query.split("=")[0])


async def test_the_api_page_tells_every_answer_of_a_run(door: Open) -> None:
    ann = await door()
    operation = (await ann.http.get("/openapi.json")).json()["paths"]["/v1/runs"]["post"]
    assert {"200", "202", "422"} <= set(operation["responses"])
    assert {"application/json", "text/event-stream"} <= set(operation["responses"]["200"]["content"])
