"""Keys and budgets over HTTP: what they may, what they are told, and what is refused by which field."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from backend.kernel.caller import Caller, Scope
from tests.api.control_plane.test_owned import bearer, cookie
from tests.service.identity.app import client
from tests.service.identity.people import Town


async def person(town: Town) -> tuple[Caller, httpx.AsyncClient]:
    ann = await town.member()
    return ann, client(town, cookie=await cookie(town))


async def test_a_key_has_the_promised_shape(town: Town) -> None:
    ann, http = await person(town)
    agent = await town.agent(ann)
    asked = {
        "name": "Our site",
        "scopes": ["runs"],
        "instances": [agent.id],
        "expires_at": "2027-01-01T00:00:00Z",
        "budget": {"day": "2.5"},
    }
    async with http:
        made = (await http.post("/v1/keys", json=asked)).json()
        [listed] = (await http.get("/v1/keys")).json()["items"]
    assert made.pop("key").startswith(made["prefix"])
    assert made == listed
    assert {name: made[name] for name in ("name", "scopes", "instances", "expires_at")} == {
        name: asked[name] for name in ("name", "scopes", "instances", "expires_at")
    }
    assert made["budget"] == {"day": {"limit": "2.5", "used": "0"}, "month": None}


async def test_a_key_that_is_only_named_runs_and_reads(town: Town) -> None:
    _, http = await person(town)
    async with http:
        made = (await http.post("/v1/keys", json={"name": "Our site"})).json()
    assert (made["scopes"], made["instances"], made["expires_at"]) == (["read", "runs"], None, None)


async def test_a_patch_changes_what_it_names_and_nothing_else(town: Town) -> None:
    ann, http = await person(town)
    agent = await town.agent(ann)
    async with http:
        made = (await http.post("/v1/keys", json={"name": "A", "budget": {"day": "2", "month": "9"}, "instances": [agent.id]})).json()
        path = f"/v1/keys/{made['id']}"
        changes: list[tuple[dict[str, Any], dict[str, Any]]] = [
            ({"name": "B"}, {"name": "B"}),
            ({"scopes": ["knowledge"]}, {"scopes": ["knowledge"]}),
            ({"budget": {"day": "3"}}, {"budget": {"day": {"limit": "3", "used": "0"}, "month": {"limit": "9", "used": "0"}}}),
            ({"budget": {"month": None}}, {"budget": {"day": {"limit": "3", "used": "0"}, "month": None}}),
            ({"budget": None}, {"budget": {"day": None, "month": None}}),
            ({"instances": None}, {"instances": None}),
            ({"expires_at": "2027-01-01T00:00:00Z"}, {"expires_at": "2027-01-01T00:00:00Z"}),
            ({"expires_at": None}, {"expires_at": None}),
            ({}, {}),
        ]
        expected = {name: value for name, value in made.items() if name != "key"}
        for patch, changed in changes:
            expected |= changed
            answer = await http.patch(path, json=patch)
            assert answer.json() == expected, patch
        assert (await http.delete(path)).status_code == 204
        assert (await http.patch(path, json={"name": "C"})).json()["code"] == "key_revoked"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": 1}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "a", "secret": "cmp_mine"}, "secret"),
        ({"name": "a", "scopes": []}, "scopes"),
        ({"name": "a", "scopes": ["root"]}, "scopes.0"),
        ({"name": "a", "scopes": ["runs", "runs"]}, "scopes"),
        ({"name": "a", "instances": []}, "instances"),
        ({"name": "a", "instances": ["inst_none"]}, "instances"),
        ({"name": "a", "instances": ["x" * 65]}, "instances.0"),
        ({"name": "a", "instances": "inst_1"}, "instances"),
        ({"name": "a", "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"name": "a", "expires_at": "2027-01-01T00:00:00"}, "expires_at"),
        ({"name": "a", "expires_at": "9999-12-31T23:59:59-23:00"}, "expires_at"),
        ({"name": "a", "expires_at": "soon"}, "expires_at"),
        ({"name": "a", "budget": {"day": "-1"}}, "budget.day"),
        ({"name": "a", "budget": {"day": "NaN"}}, "budget.day"),
        ({"name": "a", "budget": {"day": "Infinity"}}, "budget.day"),
        ({"name": "a", "budget": {"day": "1e30"}}, "budget.day"),
        ({"name": "a", "budget": {"day": "1" * 41}}, "budget.day"),
        ({"name": "a", "budget": {"day": "1000000001"}}, "budget.day"),
        ({"name": "a", "budget": {"month": "0.0000001"}}, "budget.month"),
        ({"name": "a", "budget": {"week": "1"}}, "budget.week"),
        ({"name": "a", "budget": "1"}, "budget"),
    ],
)
async def test_a_key_that_cannot_be_is_refused_by_its_field(town: Town, body: dict[str, Any], field: str) -> None:
    _, http = await person(town)
    async with http:
        answer = await http.post("/v1/keys", json=body)
        left = (await http.get("/v1/keys")).json()["items"]
    assert (answer.status_code, [fault["field"] for fault in answer.json()["errors"]]) == (422, [field])
    assert left == []


async def test_a_holder_of_an_old_key_is_told_what_became_of_it(town: Town) -> None:
    _, http = await person(town)
    async with http:
        made = (await http.post("/v1/keys", json={"name": "A"})).json()
        await http.delete(f"/v1/keys/{made['id']}")
    async with client(town, authorization=f"Bearer {made['key']}") as program:
        answer = await program.get("/v1/instances")
    assert (answer.status_code, answer.json()["code"], answer.headers["www-authenticate"]) == (401, "key_revoked", "Bearer")


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/v1/instances", "read"),
        ("PATCH", "/v1/instances/inst_1", "agents"),
        ("GET", "/v1/instances/inst_1/widget", "read"),
        ("PUT", "/v1/instances/inst_1/widget", "agents"),
        ("GET", "/v1/keys", "manage read"),
        ("POST", "/v1/keys", "manage"),
        ("PATCH", "/v1/keys/key_1", "manage"),
        ("DELETE", "/v1/keys/key_1", "manage"),
        ("GET", "/v1/budgets", "read"),
    ],
)
async def test_a_key_without_the_scope_is_told_which_one_it_lacks(town: Town, method: str, path: str, scope: str) -> None:
    ann = await town.member()
    others = [one for one in Scope if one not in scope.split()]
    async with client(town, authorization=f"Bearer {await town.key(ann, *others)}") as http:
        answer = await http.request(method, path, json={"name": "a"})
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    assert " or ".join(f"“{one}”" for one in scope.split()) in answer.json()["detail"]


async def test_what_bounds_keys_is_set_by_people_alone(town: Town) -> None:
    ann = await town.member()
    async with client(town, authorization=await bearer(town, ann)) as http:
        for path in ("workspace", f"members/{ann.account_id}"):
            assert (await http.put(f"/v1/budgets/{path}", json={"day": "1"})).status_code == 403


async def test_budgets_are_set_and_listed(town: Town) -> None:
    ann, http = await person(town)
    bob = await town.member("bob@example.com")
    async with http:
        whole = (await http.put("/v1/budgets/workspace", json={"month": "100"})).json()
        mine = (await http.put(f"/v1/budgets/members/{ann.account_id}", json={"day": "5"})).json()
        foreign = await http.put(f"/v1/budgets/members/{bob.account_id}", json={"day": "5"})
        nobody = await http.put("/v1/budgets/members/acc_none", json={"day": "5"})
        bad = await http.put("/v1/budgets/workspace", json={"day": "-1", "year": "1"})
        listed = (await http.get("/v1/budgets")).json()
    assert whole == {"day": None, "month": {"limit": "100", "used": "0"}}
    assert (foreign.status_code, foreign.json()) == (nobody.status_code, nobody.json())
    assert foreign.status_code == 404
    assert (bad.status_code, {fault["field"] for fault in bad.json()["errors"]}) == (422, {"day", "year"})
    assert listed == {"workspace": whole, "members": [{"account_id": ann.account_id, "budget": mine}], "widgets": []}


async def test_a_widgets_budget_is_set_with_its_settings_and_listed(town: Town) -> None:
    ann, http = await person(town)
    agent = await town.agent(ann)
    path = f"/v1/instances/{agent.id}/widget"
    async with http:
        first = (await http.put(path, json={"budget": {"day": "4"}})).json()
        other = (await http.put(path, json={"title": "Ask us"})).json()
        listed = (await http.get("/v1/budgets")).json()["widgets"]
        none = (await http.put(path, json={"budget": None})).json()
        bad = await http.put(path, json={"budget": {"day": "-4"}})
    assert first["budget"] == other["budget"] == {"day": "4", "month": None}
    assert listed == [{"widget_id": first["id"], "budget": {"day": {"limit": "4", "used": "0"}, "month": None}}]
    assert none["budget"] == {"day": None, "month": None}
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "budget.day")


async def test_a_key_that_is_limited_to_some_agents_does_not_see_the_others(town: Town) -> None:
    ann = await town.member()
    mine, other = await town.agent(ann), await town.agent(ann, source_key="order-1:line-1:2")
    async with client(town, authorization=f"Bearer {await town.key(ann, instances=frozenset({mine.id}))}") as http:
        assert [item["id"] for item in (await http.get("/v1/instances")).json()["items"]] == [mine.id]
        for method, path in (("GET", ""), ("PATCH", ""), ("GET", "/widget"), ("PUT", "/widget")):
            assert (await http.request(method, f"/v1/instances/{other.id}{path}", json={})).status_code == 404
        assert (await http.get("/v1/budgets")).json()["code"] == "key_limited_to_agents"
