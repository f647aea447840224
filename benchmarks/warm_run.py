"""How long a warm run of the Knowledge Base agent takes without a model: `python -m benchmarks.warm_run [runs]`.

Three ways, one after the other, one run at a time:
- over HTTP: `POST /v1/runs` with an API key in a started system, the credits held and settled, the run and its conversation kept on SQLite;
- the runner: full-text search over the sample document on SQLite, the job through a worker process, the whole answer back;
- bare lfx: the same flow in one process, without search, as the floor. The ratios say what safety, search and keeping accounts cost.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from backend import catalogue
from backend.catalogue import Terms
from backend.control_plane.knowledge.service import Knowledge
from backend.db.engine import Database
from backend.db.migrate import upgrade
from backend.durable import Durable
from backend.kernel.caller import Caller, Door, Role
from backend.kernel.clock import SystemClock
from backend.kernel.ids import InstanceId, WorkspaceId
from backend.runner.embedded import EmbeddedRunner
from backend.runner.flows import flow_for
from backend.runner.ports import Finished, Job, PassageIn
from backend.settings import Settings
from benchmarks._system import against, built, customer, free_port, load, percentile, started

TARGET_MS = 150
WARM = 5
"""Runs that are not counted, each time."""
INSTANCE = InstanceId("inst_bench")
ME = Caller(Door.WORKSPACE, WorkspaceId("ws_bench"), Role.OWNER)
PRODUCT = next(product for product in catalogue.load() if product.slug == "knowledge-base-agent")

BARE = """
import asyncio, copy, json, sys, time
from lfx.cli.common import execute_graph_with_capture
from lfx.load.load import aload_flow_from_json
from lfx.processing.process import process_tweaks_on_graph

async def main(job):
    base = await aload_flow_from_json(json.loads(open(job["path"]).read()))
    base.prepare()
    times = []
    for _ in range(job["runs"] + 3):
        start = time.perf_counter()
        graph = copy.deepcopy(base)
        process_tweaks_on_graph(graph, job["tweaks"], caller_supplied=False)
        await execute_graph_with_capture(graph, job["text"], session_id="s")
        times.append((time.perf_counter() - start) * 1000)
    print(json.dumps(times[3:]))

asyncio.run(main(json.loads(sys.stdin.read())))
"""


class Owned:
    id = INSTANCE
    terms: Terms = PRODUCT.variants[-1].terms


class Instances:
    async def get(self, caller: Caller, instance_id: InstanceId, /) -> Owned:
        return Owned()


async def measure(runs: int) -> list[float]:
    """Milliseconds of each warm run, search included."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/cmp.db"
        await asyncio.to_thread(upgrade, url)
        database, durable = Database(url), Durable(f"sqlite:///{folder}/durable.db")
        settings = Settings(_env_file=None, data_dir=Path(folder), llm_base_url="")  # type: ignore[call-arg]
        knowledge = Knowledge(database, SystemClock(), settings, durable, Instances())
        plan = flow_for(PRODUCT, settings)
        runner = EmbeddedRunner(settings, flows=[plan.flow])
        await durable.start()
        await runner.start()
        try:
            for sample in PRODUCT.samples:
                document = await knowledge.add(ME, INSTANCE, sample.name, sample.read_bytes())
                await durable.wait(f"knowledge-{document.id}")

            async def run(question: str) -> None:
                found = await knowledge.search(INSTANCE, question)
                passages = tuple(PassageIn(n, p.document_id, p.document_name, p.place, p.text) for n, p in enumerate(found, 1))
                last = [event async for event in runner.stream(Job("run", plan.flow, question, "s", passages))][-1]
                assert isinstance(last, Finished), last

            return await timed(run, runs)
        finally:
            await runner.stop()
            await durable.stop()
            await database.dispose()


async def timed(run: Callable[[str], Awaitable[None]], runs: int) -> list[float]:
    times = []
    for number in range(runs + WARM):
        start = time.perf_counter()
        await run(PRODUCT.tries[number % len(PRODUCT.tries)])
        times.append((time.perf_counter() - start) * 1000)
    return times[WARM:]


def bare(runs: int) -> list[float]:
    """Milliseconds of each run of the same flow in lfx alone."""
    text = "We hold that six passages of a hundred words each are enough. " * 9
    passages = [{"n": n, "document_name": "a", "place": "", "text": text} for n in range(1, 7)]
    job = {
        "path": str(PRODUCT.flow()),
        "runs": runs,
        "text": PRODUCT.tries[0],
        "tweaks": {"ExtractiveAnswer-own": {"passages": json.dumps(passages)}},
    }
    done = subprocess.run([sys.executable, "-c", BARE], input=json.dumps(job), capture_output=True, text=True, check=True)
    return [float(ms) for ms in json.loads(done.stdout.splitlines()[-1])]


def over_http(runs: int) -> list[float]:
    """Milliseconds of each run from outside, until the whole answer is here."""
    # A plan answers so many requests a minute: the runs are spread over agents, each well below its limit.
    agents = -(-(runs + WARM) // (PRODUCT.variants[-1].terms.rpm // 2))
    with tempfile.TemporaryDirectory() as folder:
        data, port = Path(folder) / "var", free_port()
        ours = customer(data, port, PRODUCT, agents)
        with started(data, port) as running, httpx.Client(base_url=running.url, timeout=30) as http:
            http.headers["Authorization"] = f"Bearer {ours.secret}"
            for instance in ours.instances:
                teach(http, instance)
            times = []
            for number in range(runs + WARM):
                body = {"instance_id": ours.instances[number % agents], "input": {"query": PRODUCT.tries[number % len(PRODUCT.tries)]}}
                start = time.perf_counter()
                answer = http.post("/v1/runs", json=body)
                times.append((time.perf_counter() - start) * 1000)
                assert answer.status_code == 200, answer.text
                assert answer.json()["status"] == "succeeded", answer.text
            return times[WARM:]


def teach(http: httpx.Client, instance: str) -> None:
    """Give an agent the sample document, and wait until it is indexed."""
    place = f"/v1/instances/{instance}/knowledge"
    for sample in PRODUCT.samples:
        http.post(place, files={"file": (sample.name, sample.read_bytes())}).raise_for_status()
    patience = time.monotonic() + 60
    while any(document["status"] != "ready" for document in http.get(place).json()["items"]):
        assert time.monotonic() < patience, http.get(place).text
        time.sleep(0.1)


def main(runs: int) -> int:
    built()
    print(f"   {load()}, {runs} runs each way")
    ways = {"POST /v1/runs over HTTP": over_http(runs), "search and worker": asyncio.run(measure(runs)), "bare lfx, no search": bare(runs)}
    p50 = {name: percentile(times, 50) for name, times in ways.items()}
    floor = p50["bare lfx, no search"]
    for name, times in ways.items():
        bound = f"{against(p50[name], TARGET_MS)} (p50 < {TARGET_MS} ms)"
        print(f"{name}: p50 {p50[name]:.1f} ms, p95 {percentile(times, 95):.1f} ms = {bound}, {p50[name] / floor:.2f} of bare lfx")
    return 0 if p50["POST /v1/runs over HTTP"] < TARGET_MS else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
