from __future__ import annotations

import pytest

from backend.kernel.caller import Caller
from tests.service.identity.app import client
from tests.service.identity.people import Town


async def bearer(town: Town, caller: Caller) -> str:
    return f"Bearer {await town.key(caller)}"


async def cookie(town: Town, email: str = "ann@example.com") -> str:
    account = await town.accounts.by_email(email)
    assert account is not None
    return f"cmp_session={await town.sessions.open(account.id, '')}"


async def test_an_instance_has_the_promised_shape(town: Town) -> None:
    ann = await town.member()
    agent = await town.agent(ann)
    async with client(town, authorization=await bearer(town, ann)) as http:
        listed = (await http.get("/v1/instances")).json()
        one = (await http.get(f"/v1/instances/{agent.id}")).json()
    assert listed == {"items": [one], "next": None}
    assert (one["id"], one["status"], one["sku"], one["plan"]) == (agent.id, "live", "CSA-BASIC", "basic")
    assert (one["terms"]["run"], one["terms"]["credits"]) == ("1", "50")
    assert (one["terms"]["requests_per_minute"], one["terms"]["run_timeout_seconds"]) == (30, 60)


async def test_an_instance_is_renamed_and_paused(town: Town) -> None:
    ann = await town.member()
    agent = await town.agent(ann)
    async with client(town, authorization=await bearer(town, ann)) as http:
        changed = await http.patch(f"/v1/instances/{agent.id}", json={"name": "Front desk", "status": "paused"})
        bad = await http.patch(f"/v1/instances/{agent.id}", json={"status": "suspended"})
        odd = await http.patch(f"/v1/instances/{agent.id}", json={"plan": "pro"})
    assert (changed.json()["name"], changed.json()["status"]) == ("Front desk", "paused")
    assert (bad.status_code, odd.status_code) == (422, 422)


@pytest.mark.parametrize("method", ["GET", "PATCH"])
async def test_another_tenants_instance_is_404_like_one_that_does_not_exist(town: Town, method: str) -> None:
    agent = await town.agent(await town.member())
    bob = await town.member("bob@example.com")
    async with client(town, authorization=await bearer(town, bob)) as http:
        answers = [await http.request(method, f"/v1/instances/{i}", json={"name": "Mine"}) for i in (agent.id, "inst_none")]
    assert [a.status_code for a in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/instances"),
        ("GET", "/v1/instances/inst_1"),
        ("PATCH", "/v1/instances/inst_1"),
        ("GET", "/v1/instances/inst_1/widget"),
        ("PUT", "/v1/instances/inst_1/widget"),
        ("GET", "/v1/keys"),
        ("POST", "/v1/keys"),
        ("PATCH", "/v1/keys/key_1"),
        ("DELETE", "/v1/keys/key_1"),
        ("GET", "/v1/budgets"),
        ("PUT", "/v1/budgets/workspace"),
        ("PUT", "/v1/budgets/members/acc_1"),
    ],
)
@pytest.mark.parametrize("authorization", ["", "Bearer cmp_forged", "Bearer cmpw_forged", "Basic YTpi"])
async def test_nobody_and_forged_tokens_are_401(town: Town, method: str, path: str, authorization: str) -> None:
    async with client(town, **({"authorization": authorization} if authorization else {})) as http:
        answer = await http.request(method, path, json={})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_what_can_be_bought_is_public_with_credits_as_decimal_strings(town: Town) -> None:
    await town.agent(await town.member())
    async with client(town) as http:
        items = (await http.get("/v1/offerings")).json()["items"]
    kba = next(item for item in items if item["sku"] == "KBA-PRO")
    assert (kba["kind"], kba["plan"], kba["terms"]["run"]) == ("agent", "pro", "2")
    assert kba["terms"]["run_timeout_seconds"] == 120


async def test_a_key_is_shown_once_works_and_is_revoked(town: Town) -> None:
    await town.member()
    async with client(town, cookie=await cookie(town)) as http:
        made = (await http.post("/v1/keys", json={"name": "Our site"})).json()
        listed = (await http.get("/v1/keys")).json()["items"]
        assert made["key"].startswith(made["prefix"])
        assert "key" not in listed[0]
        assert made["key"] not in str(listed)
        async with client(town, authorization=f"Bearer {made['key']}") as program:
            assert (await program.get("/v1/instances")).status_code == 200
            assert (await http.delete(f"/v1/keys/{made['id']}")).status_code == 204
            assert (await program.get("/v1/instances")).status_code == 401
        assert (await http.delete("/v1/keys/key_none")).status_code == 404


async def test_a_nameless_key_is_refused_by_its_field(town: Town) -> None:
    await town.member()
    async with client(town, cookie=await cookie(town)) as http:
        answer = await http.post("/v1/keys", json={"name": " "})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "name")
