"""Signed receipts over HTTP: to whom they are given, and that they prove themselves without us."""

from __future__ import annotations

import asyncio

import pytest

from backend.kernel.ids import RunId
from backend.ledger.verifying import examine
from tests.api.gateway.conftest import Open
from tests.service.gateway.house import ANSWER

KEYS = "/.well-known/cmp-receipts.json"


async def test_a_receipt_names_what_it_is_about_and_verifies_with_the_published_key(door: Open) -> None:
    ann = await door()
    run = (await ann.ask()).json()
    receipt = (await ann.http.get(f"/v1/receipts/{run['id']}")).json()
    assert {name: receipt[name] for name in ("type", "issuer", "run_id", "workspace_id", "instance_id", "door", "status")} == {
        "type": "cmp.receipt.v1",
        "issuer": "http://test",
        "run_id": run["id"],
        "workspace_id": ann.caller.workspace_id,
        "instance_id": ann.agent.id,
        "door": "api",
        "status": "settled",
    }
    assert (receipt["held"], receipt["charged"], receipt["released"], receipt["available"], receipt["refunded"]) == (
        "1",
        "1",
        "0",
        "4",
        "0",
    )
    keys = (await ann.http.get(KEYS)).json()
    assert examine(receipt, keys).valid
    assert examine({**receipt, "charged": "0"}, keys).code == "wrong_signature"
    assert (await ann.http.get(f"/v1/receipts/{run['id']}")).json() == receipt


async def test_a_failed_run_has_a_signed_receipt_that_it_cost_nothing(door: Open) -> None:
    ann = await door()
    ann.house.runner.script = [RuntimeError("broken")]
    run = (await ann.ask()).json()
    receipt = (await ann.http.get(f"/v1/receipts/{run['id']}")).json()
    assert (receipt["status"], receipt["charged"], receipt["released"]) == ("released", "0", "1")
    assert examine(receipt, (await ann.http.get(KEYS)).json()).valid


async def test_the_receipt_of_a_run_under_way_says_so_and_is_not_signed(door: Open) -> None:
    ann = await door()
    gate = asyncio.Event()
    ann.house.runner.script = [gate, *ANSWER]
    run = (await ann.ask(background=True)).json()
    receipt = (await ann.http.get(f"/v1/receipts/{run['id']}")).json()
    assert (receipt["status"], receipt["signature"]) == ("open", None)
    assert examine(receipt, (await ann.http.get(KEYS)).json()).code == "open"
    gate.set()


async def test_a_receipt_tells_that_its_run_was_given_back(door: Open) -> None:
    ann = await door()
    run = (await ann.ask()).json()
    before = (await ann.http.get(f"/v1/receipts/{run['id']}")).json()
    await ann.house.ledger.refund(RunId(run["id"]), "nonsense", by="x")
    after = (await ann.http.get(f"/v1/receipts/{run['id']}")).json()
    assert (after["refunded"], after["refunded_at"] is not None) == ("1", True)
    assert after["signature"]["value"] != before["signature"]["value"]
    keys = (await ann.http.get(KEYS)).json()
    assert [examine(one, keys).valid for one in (before, after)] == [True, True]


async def test_a_receipt_is_for_its_workspace_alone(door: Open) -> None:
    ann, bob = await door(), await door("bob@example.com")
    run = (await ann.ask()).json()
    foreign, missing = await bob.http.get(f"/v1/receipts/{run['id']}"), await bob.http.get("/v1/receipts/run_none")
    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert foreign.json() == missing.json()


@pytest.mark.parametrize("authorization", ["", "Bearer cmp_forged", "Bearer cmpw_forged", "Basic YTpi"])
async def test_nobody_and_forged_tokens_get_no_receipt(door: Open, authorization: str) -> None:
    ann = await door()
    run = (await ann.ask()).json()
    answer = await ann.http.get(f"/v1/receipts/{run['id']}", headers={"authorization": authorization})
    assert answer.status_code == 401


async def test_the_keys_are_for_everybody(door: Open) -> None:
    ann = await door()
    answer = await ann.http.get(KEYS, headers={"authorization": ""})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "public, max-age=300")
    assert [set(key) for key in answer.json()["keys"]] == [{"kty", "crv", "use", "alg", "kid", "x"}]
