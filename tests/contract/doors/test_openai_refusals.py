"""What the OpenAI door refuses, and in which words: its protocol's where it has them."""

from __future__ import annotations

from typing import Any

import httpx
import openai
import pytest

from backend.bounds import MAX_BODY
from backend.widget.views import WidgetUpdate
from tests.api.gateway.conftest import Door, Open
from tests.contract.doors.conftest import client

ASK: Any = [{"role": "user", "content": "Can I return a lamp?"}]
PATHS = ("/v1/chat/completions", "/v1/responses")


def body(ann: Door, path: str, **more: Any) -> dict[str, Any]:
    return {"model": ann.agent.id, **({"messages": ASK} if path == PATHS[0] else {"input": ASK}), **more}


def error(answer: httpx.Response) -> tuple[int, str, str | None]:
    told = answer.json()["error"]
    assert set(told) == {"message", "type", "param", "code", "cmp_code"}
    return answer.status_code, told["code"], told["param"]


@pytest.mark.parametrize("token", ["", "Bearer ", "Bearer cmp_forged", "Bearer cmpw_forged", "Bearer sk-proj-1", "Basic YTpi"])
async def test_no_key_or_a_forged_one_is_401(door: Open, token: str) -> None:
    ann = await door()
    head = {"Authorization": token} if token else {}
    async with httpx.AsyncClient(transport=ann.http._transport, base_url="http://test", headers=head) as nobody:
        for method, path in (
            ("POST", PATHS[0]),
            ("POST", PATHS[1]),
            ("GET", "/v1/models"),
            ("GET", "/v1/models/x"),
            ("GET", "/v1/responses/x"),
        ):
            answer = await nobody.request(method, path, json=body(ann, path) if method == "POST" else None)
            assert error(answer) == (401, "invalid_api_key", None)
            assert answer.headers["www-authenticate"] == "Bearer"
    assert ann.house.runner.jobs == []


async def test_a_visitors_token_and_a_browsers_cookie_open_nothing(door: Open) -> None:
    ann = await door()
    widget = await ann.house.town.widgets.update(ann.caller, ann.agent.id, WidgetUpdate(allowed_origins=("https://shop.example.com",)))
    token = (await ann.house.town.widgets.open_session(widget.id, "https://shop.example.com")).token
    assert ann.caller.account_id is not None
    session = await ann.house.town.sessions.open(ann.caller.account_id, "a test")
    for head in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"cmp_session={session}"}):
        async with httpx.AsyncClient(transport=ann.http._transport, base_url="http://test", headers=head) as other:
            for path in PATHS:
                assert error(await other.post(path, json=body(ann, path)))[:2] == (403, "forbidden")
            assert (await other.get("/v1/models")).status_code == 403
            assert (await other.post("/mcp", json={})).status_code == 403
    assert ann.house.runner.jobs == []


@pytest.mark.usefixtures("one_moment")
async def test_an_account_without_credits_has_no_quota_and_is_not_asked_again(door: Open, server: str) -> None:
    ann = await door(credits_="0")
    async with client(ann, server, max_retries=5) as ai:
        for asked in (
            ai.chat.completions.create(model=ann.agent.id, messages=ASK),
            ai.chat.completions.create(model=ann.agent.id, messages=ASK, stream=True),
            ai.responses.create(model=ann.agent.id, input="Hi", stream=True),
        ):
            with pytest.raises(openai.RateLimitError) as caught:
                await asked
            assert (caught.value.code, caught.value.type) == ("insufficient_quota", "insufficient_quota")
            assert "Top up at /app/credits" in caught.value.message
            assert isinstance(caught.value.body, dict)
            assert caught.value.body["cmp_code"] == "insufficient_credits"
    # Three questions were counted, so none of them was sent twice.
    answers = [await ann.http.post(PATHS[0], json=body(ann, PATHS[0])) for _ in range(ann.agent.terms.rpm - 2)]
    assert [error(answer)[1] for answer in answers] == ["insufficient_quota"] * (len(answers) - 1) + ["rate_limit_exceeded"]
    assert (answers[-1].status_code, 1 <= int(answers[-1].headers["retry-after"]) <= 60) == (429, True)


async def test_a_foreign_agent_is_no_model(door: Open, server: str) -> None:
    ann, bob = await door(), await door("bob@example.com")
    async with client(bob, server) as ai:
        for model in (ann.agent.id, "gpt-4o", "x" * 199):
            with pytest.raises(openai.NotFoundError) as caught:
                await ai.chat.completions.create(model=model, messages=ASK)
            assert caught.value.code == "model_not_found"


async def test_a_resting_agent_is_a_conflict_that_is_not_repeated(door: Open, server: str) -> None:
    ann = await door()
    await ann.house.town.instances.pause(ann.caller, ann.agent.id)
    async with client(ann, server, max_retries=5) as ai:
        with pytest.raises(openai.ConflictError) as caught:
            await ai.responses.create(model=ann.agent.id, input="Hi")
    assert (caught.value.code, caught.value.response.headers["x-should-retry"]) == ("instance_paused", "false")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("more", "code", "param"),
    [
        ({"steam": True}, "unknown_parameter", "steam"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "unsupported_parameter", "tools"),
        ({"tool_choice": "required"}, "unsupported_parameter", "tool_choice"),
        ({"top_logprobs": 2}, "unsupported_parameter", "top_logprobs"),
        ({"moderation": {"model": "x"}}, "unsupported_parameter", "moderation"),
        ({"stream": "perhaps"}, "invalid_value", "stream"),
        ({"model": 7}, "invalid_value", "model"),
        ({"model": None}, "invalid_value", "model"),
        ({"max_credits": "-1"}, "invalid_value", "max_credits"),
        ({"max_credits": "NaN"}, "invalid_value", "max_credits"),
        ({"max_credits": 1.5}, "invalid_value", "max_credits"),
        ({"max_credits": "0.5"}, "quote_exceeds_cap", "max_credits"),
        ({"metadata": {str(n): "x" for n in range(17)}}, "invalid_value", "metadata"),
        ({"metadata": {"a": 1}}, "invalid_value", "metadata.a"),
    ],
)
async def test_a_wrong_parameter_is_named(door: Open, path: str, more: dict[str, Any], code: str, param: str) -> None:
    ann = await door()
    assert error(await ann.http.post(path, json=body(ann, path, **more))) == (400, code, param)
    assert ann.house.runner.jobs == []


@pytest.mark.parametrize(
    "more",
    [
        {"n": 2},
        {"n": "1"},
        {"audio": {"voice": "x", "format": "wav"}},
        {"modalities": ["text", "audio"]},
        {"response_format": {"type": "json_object"}},
        {"functions": [{"name": "f"}]},
        {"function_call": {"name": "f"}},
        {"logprobs": True},
        {"stop": ["."]},
        {"web_search_options": {}},
    ],
)
async def test_what_would_change_the_answer_and_cannot_is_refused(door: Open, more: dict[str, Any]) -> None:
    ann = await door()
    answer = await ann.http.post(PATHS[0], json=body(ann, PATHS[0], **more))
    assert error(answer) == (400, "unsupported_parameter", next(iter(more)))


@pytest.mark.parametrize("more", [{"text": {"format": {"type": "json_schema"}}}, {"prompt": {"id": "p"}}, {"tool_choice": {"type": "x"}}])
async def test_a_response_in_another_form_is_refused(door: Open, more: dict[str, Any]) -> None:
    ann = await door()
    answer = await ann.http.post(PATHS[1], json=body(ann, PATHS[1], **more))
    assert error(answer) == (400, "unsupported_parameter", next(iter(more)))


async def test_what_only_says_the_usual_is_taken(door: Open, server: str) -> None:
    ann = await door()
    async with client(ann, server) as ai:
        usual: Any = {"n": 1, "tools": [], "tool_choice": "auto", "response_format": {"type": "text"}, "logprobs": False, "stop": None}
        chat = await ai.chat.completions.create(model=ann.agent.id, messages=ASK, modalities=["text"], **usual)
        made = await ai.responses.create(model=ann.agent.id, input="Hi", tools=[], text={"format": {"type": "text"}}, background=False)
    assert [(answer.model_extra or {})["cmp"]["ignored"] for answer in (chat, made)] == [[], []]


@pytest.mark.parametrize(
    ("messages", "code", "where"),
    [
        ([], "invalid_value", ""),
        ("Hi", "invalid_value", ""),
        ([{"role": "system", "content": "Hi"}], "invalid_value", ""),
        ([*ASK, {"role": "assistant", "content": "With"}], "invalid_value", ""),
        ([{"role": "tool", "content": "42", "tool_call_id": "1"}, *ASK], "unsupported_value", "[0].role"),
        ([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}], "unsupported_value", "[0].content[0].type"),
        ([{"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}, *ASK], "unsupported_parameter", "[0].tool_calls"),
        ([{"role": "user", "content": 7}], "invalid_value", "[0].content"),
        ([{"content": "Hi"}], "missing_required_parameter", "[0].role"),
        ([{"role": "user", "content": " "}], "invalid_value", "input"),
        ([{"role": "user", "content": "x" * 16_001}], "context_length_exceeded", "input"),
    ],
)
async def test_messages_that_cannot_be_asked_are_named(door: Open, messages: Any, code: str, where: str) -> None:
    ann = await door()
    answer = await ann.http.post(PATHS[0], json=body(ann, PATHS[0], messages=messages))
    assert error(answer) == (400, code, where if where == "input" else f"messages{where}")


@pytest.mark.parametrize("path", PATHS)
async def test_hostile_bodies_are_refused_in_the_same_shape(door: Open, path: str) -> None:
    ann = await door()
    head = {"Content-Type": "application/json"}
    for content in (b"{", b"\xff\xfe", b"[" * 10_000, b"", b'{"model": ' + b"[" * 10_000):
        assert (await ann.http.post(path, content=content, headers=head)).status_code == 400
    assert error(await ann.http.post(path, content=b" " * (MAX_BODY + 1), headers=head)) == (413, "too_large", None)
    assert error(await ann.http.post(path, content=b'{"\\ud800": 1}', headers=head))[0] == 400
    assert error(await ann.http.post(path, json=body(ann, path), headers={"Idempotency-Key": "x" * 256})) == (
        400,
        "invalid_value",
        "Idempotency-Key",
    )
    deep: Any = "x"
    for _ in range(200):
        deep = [deep]
    assert (await ann.http.post(path, json=body(ann, path, top_p=deep))).status_code == 200
    assert error(await ann.http.post(path, content=b"model=x", headers={"Content-Type": "application/x-www-form-urlencoded"}))[0] == 400


async def test_a_fault_of_ours_keeps_the_shape_and_its_cause_to_us(door: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = await door()

    async def breaks(*_: object) -> object:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(ann.house.gateway, "begin", breaks)
    answer = await ann.http.post(PATHS[0], json=body(ann, PATHS[0]))
    assert error(answer) == (500, "internal", None)
    assert "secret" not in answer.text
