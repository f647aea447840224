"""Filtered runs, their CSV, the account's CSV and the usage, as their own workspace, another one, nobody and a stranger see them."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from backend.doors import Who
from backend.gateway import api as gateway
from backend.gateway import export
from backend.gateway import reading_api as reading
from backend.identity.sessions import COOKIE
from backend.kernel.caller import Caller
from backend.kernel.ids import InstanceId
from backend.ledger import export as entries
from backend.runner.ports import Failed, Finished
from tests.api.gateway.conftest import Door, Open
from tests.service.gateway.house import ANSWER

LISTS = ("/v1/runs", "/v1/runs.csv", "/v1/usage", "/v1/credits/entries", "/v1/credits/entries.csv")


async def busy(door: Open) -> Door:
    """Three runs: one that cost a credit, one that failed, one that was free."""
    ann = await door()
    for script in (
        ANSWER,
        [Failed("crashed", "")],
        [Finished("=HYPERLINK(1)", {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7})],
    ):
        ann.house.runner.script = script
        await ann.ask("+49 30 1234, Größe?")
        ann.house.clock.advance(timedelta(days=1))
    return ann


def rows(answer: httpx.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"), newline="")))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 3),
        ("status=failed", 1),
        ("charged=true", 1),
        ("door=api", 3),
        ("door=widget", 0),
        ("from=2026-11-23", 2),
        ("from=2026-11-23&to=2026-11-23", 1),
        ("to=2026-11-22T12:00:00Z", 0),
        ("to=2026-11-22T12:00:01%2B00:00", 1),
        ("q=gr%C3%B6%C3%9Fe", 3),
        ("q=hyperlink", 1),
        ("q=%25", 0),
        ("owner=key:key_nobody", 0),
        ("to=9999-12-31", 3),
        ("from=0001-01-01", 3),
    ],
)
async def test_a_list_and_its_csv_show_the_same_runs(door: Open, query: str, found: int) -> None:
    ann = await busy(door)
    page, sheet = await ann.http.get(f"/v1/runs?{query}"), await ann.http.get(f"/v1/runs.csv?{query}")
    assert (page.status_code, sheet.status_code) == (200, 200)
    assert [run["id"] for run in page.json()["items"]] == [row["id"] for row in rows(sheet)]
    assert len(page.json()["items"]) == found


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=yesterday", "from"),
        ("from=2026-11-22T12:00:00", "from"),
        ("to=2026-13-01", "to"),
        ("door=window", "door"),
        ("charged=perhaps", "charged"),
        (f"q={'x' * 201}", "q"),
        (f"owner={'x' * 81}", "owner"),
    ],
)
async def test_a_filter_that_cannot_be_is_named_before_anything_is_sent(door: Open, query: str, field: str) -> None:
    ann = await door()
    for path in ("/v1/runs", "/v1/runs.csv"):
        answer = await ann.http.get(f"{path}?{query}")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"].split(".")[0] == field


@pytest.mark.parametrize("query", ["cursor=x", "cursor=%C2%B2.run_1", "cursor=99999999999999999999.run_1"])
async def test_a_forged_cursor_is_refused(door: Open, query: str) -> None:
    ann = await busy(door)
    answer = await ann.http.get(f"/v1/runs?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "cursor")


async def test_the_csv_tells_question_answer_and_cost_and_no_cell_is_a_formula(door: Open) -> None:
    ann = await busy(door)
    answer = await ann.http.get("/v1/runs.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="runs.csv"'
    assert not answer.text.startswith("\ufeff")
    free, failed, paid = rows(answer)
    assert (paid["question"], paid["answer"], paid["sources"]) == ("'+49 30 1234, Größe?", "Within 30 days [1].", "handbook.md Returns")
    assert [paid[name] for name in ("quoted", "held", "charged", "released", "error")] == ["1", "1", "1", "0", ""]
    assert [failed[name] for name in ("status", "charged", "released", "error")] == ["failed", "0", "1", "crashed"]
    assert (free["answer"], free["charged"], free["input_tokens"], free["output_tokens"]) == ("'=HYPERLINK(1)", "0", "3", "4")
    assert paid["owner"].startswith("key:key_")


async def test_a_csv_of_many_batches_holds_every_row_once(door: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "BATCH", 1)
    monkeypatch.setattr(entries, "BATCH", 1)
    ann = await busy(door)
    assert len({row["id"] for row in rows(await ann.http.get("/v1/runs.csv"))}) == 3
    assert [row["amount"] for row in rows(await ann.http.get("/v1/credits/entries.csv"))] == ["-1", "5"]
    assert [row["kind"] for row in rows(await ann.http.get("/v1/credits/entries.csv?kind=grant"))] == ["grant"]


async def test_a_browsers_csv_is_marked_as_utf_8_for_its_spreadsheet(door: Open) -> None:
    ann = await busy(door)
    assert ann.caller.account_id is not None
    token = await ann.house.town.sessions.open(ann.caller.account_id, "a browser")
    async with httpx.AsyncClient(transport=ann.http._transport, base_url="http://test", cookies={COOKIE: token}) as browser:
        for path in ("/v1/runs.csv", "/v1/credits/entries.csv"):
            assert (await browser.get(path)).content.startswith(b"\xef\xbb\xbfid,")


async def test_usage_is_told_by_what_is_asked_and_adds_up(door: Open) -> None:
    ann = await busy(door)
    days = (await ann.http.get("/v1/usage", params={"from": "2026-11-22", "to": "2026-11-25"})).json()
    assert (days["from"], days["to"], days["by"]) == ("2026-11-22", "2026-11-25", "day")
    assert [(row["key"], row["runs"], row["failed"], row["charged"]) for row in days["items"]] == [
        ("2026-11-22", 1, 0, "1"),
        ("2026-11-23", 1, 1, "0"),
        ("2026-11-24", 1, 0, "0"),
        ("2026-11-25", 0, 0, "0"),
    ]
    sums = {"runs": 3, "succeeded": 2, "failed": 1, "cancelled": 0, "charged": "1", "tokens": 16, "duration_ms": 0}
    assert days["total"] == sums
    for by, key in (("agent", ann.agent.id), ("door", "api")):
        assert (await ann.http.get(f"/v1/usage?by={by}")).json()["items"] == [{"key": key, **sums}]
    assert len((await ann.http.get("/v1/usage")).json()["items"]) == 30


@pytest.mark.parametrize(
    "query", ["by=week", "from=2026-11-24&to=2026-11-22", "from=2020-01-01&to=2026-01-01", "from=x", "to=0001-01-01&from=9999-12-31"]
)
async def test_usage_of_no_possible_period_is_refused(door: Open, query: str) -> None:
    ann = await door()
    assert (await ann.http.get(f"/v1/usage?{query}")).status_code == 422


@pytest.mark.parametrize("query", ["to=0001-01-01", "from=9999-12-31&to=9999-12-31"])
async def test_usage_at_the_ends_of_time_is_nothing(door: Open, query: str) -> None:
    ann = await door()
    assert (await ann.http.get(f"/v1/usage?{query}")).json()["total"]["runs"] == 0


async def test_another_workspace_is_shown_nothing_of_it(door: Open) -> None:
    ann, bob = await busy(door), await door("bob@example.com")
    for query in ("", f"instance_id={ann.agent.id}", "q=lamp"):
        assert (await bob.http.get(f"/v1/runs?{query}")).json() == {"items": [], "next": None}
        assert rows(await bob.http.get(f"/v1/runs.csv?{query}")) == []
    assert (await bob.http.get(f"/v1/usage?by=agent&instance_id={ann.agent.id}")).json()["items"] == []
    assert [row["amount"] for row in rows(await bob.http.get("/v1/credits/entries.csv"))] == ["5"]


@pytest.mark.parametrize("key", ["", "Bearer cmp_forged", "Bearer cmpw_forged", "Basic YTpi"])
async def test_nobody_and_a_forged_key_are_shown_nothing(door: Open, key: str) -> None:
    ann = await busy(door)
    async with httpx.AsyncClient(transport=ann.http._transport, base_url="http://test") as nobody:
        for path in LISTS:
            answer = await nobody.get(path, headers={"Authorization": key} if key else {})
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_a_widgets_visitor_reads_no_list(door: Open) -> None:
    ann = await busy(door)
    widget = await ann.house.town.widgets.settings(ann.caller, ann.agent.id)
    session = await ann.house.town.widgets.open_session(widget.id, "http://localhost:3000")
    for path in LISTS:
        answer = await ann.http.get(path, headers={"Authorization": f"Bearer {session.token}"})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_a_key_for_other_agents_is_shown_only_their_runs(door: Open) -> None:
    ann = await busy(door)

    async def resolve(_: object) -> Caller:
        return replace(ann.caller, instances=frozenset({InstanceId("inst_other")}))

    app = FastAPI()
    app.include_router(gateway.routes(ann.house.gateway, Who(resolve)))
    app.include_router(reading.routes(ann.house.gateway.sheets, ann.house.gateway.usage, Who(resolve)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as narrow:
        assert (await narrow.get("/v1/runs")).json()["items"] == []
        assert rows(await narrow.get("/v1/runs.csv")) == []
        assert (await narrow.get(f"/v1/usage?by=agent&instance_id={ann.agent.id}")).json()["items"] == []
        assert (await narrow.get("/v1/usage")).json()["total"]["runs"] == 0
