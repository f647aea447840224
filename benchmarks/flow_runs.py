"""What a run of the smallest flow costs, side by side: `python -m benchmarks.flow_runs [runs] [--memory RUNS] [--plot FILE.svg]`.

- our runner: a process for each run;
- bare lfx: `deepcopy` of the graph and a run, in one process, the floor of what shares a process;
- `lfx serve`, over HTTP;
- a Langflow server, asked by our adapter and by hand, in turns: the difference is what the adapter adds. Needs `CMP_TEST_LANGFLOW_URL` and
  `CMP_TEST_LANGFLOW_KEY`; without them a server that answers at once stands in, which shows the adapter's own time alone.

Each has one core to itself, the same one; what asks is on the other, when there is another. Memory is the proportional set size of the
server's and all its children's, so that a page shared by several counts once. Processor time
is that of everything that takes part in a run.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiohttp
import psutil
from aiohttp import web
from pydantic import SecretStr

from backend import catalogue
from backend.runner.embedded import EmbeddedRunner
from backend.runner.flows import flow_ref
from backend.runner.langflow import LangflowRunner
from backend.runner.langflow_answers import base_url
from backend.runner.ports import Finished, FlowRef, Job, Runner
from backend.settings import Settings
from benchmarks._contenders import SERVER_CORE, on_core
from benchmarks._plot import plot
from benchmarks._system import against, free_port, load, percentile
from benchmarks.warm_run import BARE

P50_MS, A_SECOND, ADAPTER_MS, GROWTH_MB = 40.0, 30.0, 2.0, 5.0
"""The project's own bounds. GROWTH_MB: between the first tenth of the runs and the last."""
WARM, AT_ONCE, SAMPLES = 10, 4, 50
QUESTION, KEY, NAME = "Hello", "sk-benchmark-of-the-runner", "benchmark-smallest"
END = {"result": {"outputs": [{"outputs": [{"results": {"message": {"text": "You said: Hello"}}}]}]}}
One = Callable[[], Awaitable[None]]


def smallest(folder: Path) -> FlowRef:
    """A flow of three components, the middle one of its own code, as a Studio exports it."""
    product = next(product for product in catalogue.load() if product.slug == "knowledge-base-agent")
    data = json.loads(product.flow().read_text())
    node = next(node for node in data["data"]["nodes"] if node["data"]["type"] == "ExtractiveAnswer")
    node["data"]["node"]["template"]["code"]["value"] += '\n\ndef answer(question, *_):\n    return f"You said: {question}"\n'
    path = folder / "smallest.json"
    path.write_text(json.dumps(data))
    return flow_ref(path, NAME)


async def times_of(run: One, runs: int) -> list[float]:
    """Milliseconds of each."""
    return [await timed(run) for _ in range(runs + WARM)][WARM:]


async def timed(run: One) -> float:
    start = time.perf_counter()
    await run()
    return (time.perf_counter() - start) * 1000


async def a_second(run: One, runs: int) -> float:
    """With `AT_ONCE` under way."""
    left = iter(range(runs))

    async def one_after_the_other() -> None:
        for _ in left:
            await run()

    start = time.perf_counter()
    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))
    return runs / (time.perf_counter() - start)


def asking(runner: Runner, flow: FlowRef) -> One:
    async def run() -> None:
        last = [event async for event in runner.stream(Job("run", flow, QUESTION, "benchmark"))][-1]
        assert isinstance(last, Finished), last

    return run


@asynccontextmanager
async def embedded(folder: Path, flow: FlowRef) -> AsyncIterator[tuple[EmbeddedRunner, One]]:
    runner = EmbeddedRunner(Settings(_env_file=None, data_dir=folder, llm_base_url=""), flows=[flow])  # type: ignore[call-arg]
    with on_core(SERVER_CORE):
        await runner.start()
        while runner.health():
            await asyncio.sleep(0.05)
    try:
        yield runner, asking(runner, flow)
    finally:
        await runner.stop()


def processor() -> float:
    """Seconds that this process and all below it have taken, those that ended included."""
    total = 0.0
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        try:
            total += sum(process.cpu_times()[:4])
        except psutil.Error:
            continue
    return total


def family() -> float:
    """Megabytes of this process and all below it."""
    total = 0
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        try:
            total += process.memory_full_info().pss
        except psutil.Error:
            continue
    return total / 1e6


async def memory_over(run: One, runs: int) -> list[float]:
    """Megabytes, read `SAMPLES` times on the way."""
    read = []
    for _ in range(SAMPLES):
        for _ in range(max(runs // SAMPLES, 1)):
            await run()
        read.append(family())
    return read


def bare(flow: FlowRef, runs: int) -> list[float]:
    job = {"path": str(flow.path), "runs": runs, "text": QUESTION, "tweaks": {}}
    with on_core(SERVER_CORE):
        done = subprocess.run([sys.executable, "-c", BARE], input=json.dumps(job), capture_output=True, text=True, check=True)
    return [float(ms) for ms in json.loads(done.stdout.splitlines()[-1])]


@contextmanager
def lfx_serve(flow: FlowRef, folder: Path) -> Iterator[str]:
    """Its URL."""
    port, lfx = free_port(), Path(sys.executable).with_name("lfx")
    environment = os.environ | {"LANGFLOW_API_KEY": KEY, "HOME": str(folder)}
    command = [str(lfx), "serve", str(flow.path), "--port", str(port), "--log-level", "critical"]
    with on_core(SERVER_CORE), (folder / "lfx.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


async def through_lfx_serve(flow: FlowRef, folder: Path, runs: int) -> tuple[list[float], float] | None:
    with lfx_serve(flow, folder) as url:
        async with aiohttp.ClientSession(headers={"x-api-key": KEY}) as http:
            number = await _first_flow(http, url)
            if number is None:
                return None

            async def run() -> None:
                async with http.post(f"{url}/flows/{number}/run", json={"input_value": QUESTION}) as answer:
                    said = await answer.json()
                    assert said["success"], said

            return await times_of(run, runs), await a_second(run, runs)


async def _first_flow(http: aiohttp.ClientSession, url: str) -> str | None:
    """None when it did not start within a minute."""
    for _ in range(240):
        try:
            async with http.get(f"{url}/flows") as answer:
                return str((await answer.json())[0]["id"])
        except (aiohttp.ClientError, KeyError, IndexError, TypeError, ValueError):
            await asyncio.sleep(0.25)
    return None


@asynccontextmanager
async def langflow(flow: FlowRef) -> AsyncIterator[tuple[str, str, str]]:
    """Name, URL and key of a server that has the flow."""
    url, key = os.environ.get("CMP_TEST_LANGFLOW_URL", ""), os.environ.get("CMP_TEST_LANGFLOW_KEY", "")
    if not url:
        async with at_once() as stand_in:
            yield "a stand-in for a Langflow server", stand_in, KEY
        return
    number = hashlib.sha256(NAME.encode()).hexdigest()
    number = f"{number[:8]}-{number[8:12]}-4{number[13:16]}-8{number[17:20]}-{number[20:32]}"
    body = {"name": NAME, "endpoint_name": NAME, "data": json.loads(flow.path.read_text())["data"]}
    async with aiohttp.ClientSession(headers={"x-api-key": key}) as http:
        async with http.put(f"{base_url(url)}/api/v1/flows/{number}", json=body) as answer:
            answer.raise_for_status()
    yield "a Langflow server", base_url(url), key


@asynccontextmanager
async def at_once() -> AsyncIterator[str]:
    async def run(request: web.Request) -> web.Response:
        await request.read()
        text = "\n\n".join(json.dumps({"event": kind, "data": data}) for kind, data in (("add_message", {}), ("end", END)))
        return web.Response(text=text + "\n\n", content_type="text/event-stream")

    app = web.Application()
    app.router.add_post("/api/v1/run/{flow}", run)
    app.router.add_get("/api/v1/version", lambda _: _said({"version": "1.13.0"}))
    app.router.add_get("/health_check", lambda _: _said({"status": "ok"}))
    server = web.AppRunner(app)
    await server.setup()
    await web.TCPSite(server, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{server.addresses[0][1]}"
    finally:
        await server.cleanup()


async def _said(words: dict[str, str]) -> web.Response:
    return web.json_response(words)


async def adapter(url: str, key: str, flow: FlowRef, runs: int) -> tuple[list[float], list[float]]:
    """Milliseconds by our adapter, and by hand. In turns, so that both see the same moods of the machine."""
    settings = Settings(_env_file=None, langflow_url=url, langflow_api_key=SecretStr(key))  # type: ignore[call-arg]
    runner = LangflowRunner(settings)
    await runner.start()
    ours = asking(runner, flow)
    body = {"input_value": QUESTION, "input_type": "chat", "output_type": "chat", "session_id": "benchmark", "tweaks": {}}
    async with aiohttp.ClientSession(headers={"x-api-key": key, "accept-encoding": "identity"}) as http:

        async def by_hand() -> None:
            async with http.post(f"{url}/api/v1/run/{flow.name}?stream=true", json=body) as answer:
                assert b'"end"' in await answer.read()

        await times_of(ours, 1)
        await times_of(by_hand, 1)
        pairs = [(await timed(ours), await timed(by_hand)) for _ in range(runs)]
    await runner.stop()
    return [one for one, _ in pairs], [one for _, one in pairs]


def tell(name: str, times: list[float], rate: float | None) -> None:
    more = "" if rate is None else f", {rate:.1f} a second with {AT_ONCE} at once"
    print(f"{name}: p50 {percentile(times, 50):.1f} ms, p95 {percentile(times, 95):.1f} ms{more}", flush=True)


async def measure(asked: argparse.Namespace) -> int:
    print(f"   {load()}, {asked.runs} runs each way")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        flow = smallest(folder)
        async with embedded(folder / "var", flow) as (_, run):
            times = await times_of(run, asked.runs)
            before = processor()
            rate = await a_second(run, asked.runs)
            tell("a process for each run", times, rate)
            print(f"   processor time of a run: {(processor() - before) / asked.runs * 1000:.1f} ms", flush=True)
            read = await memory_over(run, asked.memory)
        tell("bare lfx, one process", bare(flow, asked.runs), None)
        if (served := await through_lfx_serve(flow, folder, asked.runs)) is None:
            print("lfx serve: did not start")
        else:
            tell("lfx serve", *served)
        async with langflow(flow) as (what, url, key):
            ours, by_hand = await adapter(url, key, flow, asked.runs)
    tell(f"{what}, our adapter", ours, None)
    tell(f"{what}, by hand", by_hand, None)
    tenth = max(len(read) // 10, 1)
    growth = sum(read[-tenth:]) / tenth - sum(read[:tenth]) / tenth
    if asked.plot:
        plot(read, asked.memory, asked.plot)
    p50, added = percentile(times, 50), percentile(ours, 50) - percentile(by_hand, 50)
    print(f"p50: {against(p50, P50_MS)} ({P50_MS:.0f} ms). A second, on one core: {rate / A_SECOND:.2f} of what is asked ({A_SECOND:.0f})")
    print(f"the adapter adds {added:.2f} ms = {against(added, ADAPTER_MS)} ({ADAPTER_MS:.0f} ms)")
    print(f"memory over {asked.memory} runs: {read[0]:.0f} to {read[-1]:.0f} MB, {growth:+.1f} MB between its first tenth and its last")
    return 0 if p50 <= P50_MS and rate >= A_SECOND and added <= ADAPTER_MS and growth <= GROWTH_MB else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("runs", type=int, nargs="?", default=200)
    parser.add_argument("--memory", type=int, default=500, help="runs over which memory is read")
    parser.add_argument("--plot", type=Path, help="where to draw it, as SVG")
    return asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
