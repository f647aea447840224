"""Whoever stands between the load and the fake upstream: our gateway, LiteLLM's proxy, nginx, or nobody. Each on one core, the same one."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from backend.settings import Settings
from benchmarks._load import Found, Spec
from benchmarks._seeded import Seeded
from benchmarks._system import ROOT, free_port

SERVER_CORE, LOAD_CORE = 1, 0
"""The contender has one to itself; the load, the upstream and PostgreSQL share the other. With a single core they share that."""
LITELLM = "litellm[proxy]==1.108.7"
MASTER_KEY = "sk-benchmark"
QUESTION = "How long are gift cards valid?"
TICK = 1e6 / os.sysconf("SC_CLK_TCK")


CORES = sorted(os.sched_getaffinity(0))


def core(wanted: int) -> set[int]:
    return {CORES[min(wanted, len(CORES) - 1)]}


@contextlib.contextmanager
def on_core(wanted: int) -> Iterator[None]:
    """What is started meanwhile inherits this thread's core, with all its own threads and children."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, core(wanted))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def pinned(arguments: list[str], wanted: int, log: Path | None = None, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    with (log or Path(os.devnull)).open("ab") as out, on_core(wanted):
        return subprocess.Popen(arguments, cwd=ROOT, env=dict(env) if env else None, stdout=out, stderr=out)


@dataclass
class Contender:
    """path, body, callers: how a run is asked for; the callers' headers and fields go round."""

    name: str
    port: int
    path: str
    pid: int | None
    callers: list[tuple[dict[str, str], dict[str, object]]] = field(default_factory=lambda: [({}, {})])
    ours: bool = False

    def spec(
        self,
        at_once: int,
        seconds: float,
        *,
        question: str = QUESTION,
        stream: bool = False,
        requests: int = 0,
        pause: float = 1.0,
        settle: float = 0.0,
        spread: float = 0.0,
    ) -> Spec:
        asks = [(headers, json.dumps(self._body(given, question, stream))) for headers, given in self.callers]
        return Spec(
            self.port, self.path, asks, at_once, seconds, requests=requests, stamps=stream, pause=pause, settle=settle, spread=spread
        )

    def _body(self, given: Mapping[str, object], question: str, stream: bool) -> dict[str, object]:
        if self.ours:
            return {**given, "input": {"query": question}, "stream": stream}
        return {**given, "model": "bench", "messages": [{"role": "user", "content": question}], "stream": stream}

    def pids(self) -> list[int]:
        return family(self.pid) if self.pid else []

    def cpu(self) -> float:
        """Microseconds of processor that it has used so far, its children's included."""
        return sum(_ticks(pid) for pid in self.pids()) * TICK

    def memory(self) -> int:
        """Bytes: its proportional share."""
        return sum(_pss(pid) for pid in self.pids())


def family(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += family(int(child))
    return found


def _ticks(pid: int) -> int:
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(after_name[11]) + int(after_name[12])


def _pss(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def ask(spec: Spec) -> Found:
    """Put the load on from a process of its own, on the load's core."""
    with tempfile.NamedTemporaryFile() as file:
        with on_core(LOAD_CORE):
            command = [sys.executable, "-m", "benchmarks._load", file.name]
            subprocess.run(command, cwd=ROOT, input=json.dumps(spec.__dict__), text=True, check=True)
        return Found(**json.load(file))


@contextlib.contextmanager
def upstream() -> Iterator[Contender]:
    """The fake, which is a contender too: asked directly."""
    port = free_port()
    with stopped_at_the_end(pinned([sys.executable, "-m", "benchmarks._upstream", str(port)], LOAD_CORE)) as process:
        await_answer(f"http://127.0.0.1:{port}/ready", process, None)
        yield Contender("direct", port, "/v1/chat/completions", None)


@contextlib.contextmanager
def ours(name: str, settings: Settings, customers: list[Seeded], behind: Contender, extra: Mapping[str, str]) -> Iterator[Contender]:
    """`cmpctl gateway` in front of the fake runner. extra: more of its environment."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("CMP_")}
    env |= {
        "CMP_DATA_DIR": str(settings.data_dir),
        "CMP_DATABASE_URL": settings.database_url,
        "CMP_PORT": str(settings.port),
        "CMP_RUNNER_URL": f"http://127.0.0.1:{behind.port}",
        "CMP_LLM_BASE_URL": "",
        "CMP_SALEOR_API_URL": "",
        "CMP_RUNNING_AT_ONCE": "10000",
    }
    log = settings.data_dir.with_name(f"{settings.data_dir.name}-gateway.log")
    launch = [sys.executable, "-m", "backend.cli", "gateway"]
    with stopped_at_the_end(pinned(launch, SERVER_CORE, log, env | extra)) as process:
        await_answer(f"http://127.0.0.1:{settings.port}/health", process, log)
        callers = [({"authorization": f"Bearer {one.secret}"}, {"instance_id": one.instance}) for one in customers]
        yield Contender(name, settings.port, "/v1/runs", process.pid, callers, ours=True)


@contextlib.contextmanager
def nginx(folder: Path, behind: Contender) -> Iterator[Contender | None]:
    """None when it is not installed."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        print("nginx is not installed: the floor is not measured (apt install nginx-light)")
        yield None
        return
    port, config = free_port(), folder / "nginx.conf"
    config.write_text(
        f"""worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx-error.log; user root;
events {{ worker_connections 8192; }}
http {{
  access_log off; client_body_temp_path {folder}/nginx-body; proxy_temp_path {folder}/nginx-proxy;
  fastcgi_temp_path {folder}/nginx-f; uwsgi_temp_path {folder}/nginx-u; scgi_temp_path {folder}/nginx-s;
  upstream fake {{ server 127.0.0.1:{behind.port}; keepalive 1024; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096; keepalive_requests 100000000;
    location / {{ proxy_pass http://fake; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }}
  }}
}}
"""
    )
    with stopped_at_the_end(pinned([program, "-c", str(config), "-p", str(folder)], SERVER_CORE, folder / "nginx.log")) as process:
        await_answer(f"http://127.0.0.1:{port}/ready", process, folder / "nginx.log")
        yield Contender("nginx", port, behind.path, process.pid)


@contextlib.contextmanager
def litellm(folder: Path, environment: Path, behind: Contender) -> Iterator[Contender]:
    """Its proxy with one model and its master key, no database: nothing it does here is durable. environment: where it is installed."""
    port, config = free_port(), folder / "litellm.yaml"
    config.write_text(
        f"""model_list:
  - model_name: bench
    litellm_params: {{model: openai/bench, api_base: "http://127.0.0.1:{behind.port}/v1", api_key: none}}
general_settings: {{master_key: {MASTER_KEY}}}
litellm_settings: {{telemetry: false, num_retries: 0, request_timeout: 120}}
"""
    )
    launch = [str(environment / "bin" / "litellm"), "--config", str(config), "--port", str(port), "--host", "127.0.0.1"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("CMP_")}
    env |= {"LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True", "NO_DOCS": "True"}
    log = folder / "litellm.log"
    with stopped_at_the_end(pinned([*launch, "--num_workers", "1", "--telemetry", "False"], SERVER_CORE, log, env)) as process:
        await_answer(f"http://127.0.0.1:{port}/health/liveliness", process, log)
        yield Contender("LiteLLM", port, "/v1/chat/completions", process.pid, [({"authorization": f"Bearer {MASTER_KEY}"}, {})])


def installed(folder: Path) -> Path | None:
    """LiteLLM in a virtual environment of its own, made once; it never becomes part of ours. None when it cannot be had."""
    if not (folder / "bin" / "litellm").exists():
        print(f"installing {LITELLM} into {folder}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        if subprocess.run([str(folder / "bin" / "pip"), "install", "-q", LITELLM], check=False).returncode:
            print("LiteLLM cannot be installed: not measured")
            return None
    return folder


@contextlib.contextmanager
def stopped_at_the_end(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def await_answer(url: str, process: subprocess.Popen[bytes], log: Path | None) -> None:
    patience = time.monotonic() + 180
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass
        if process.poll() is not None or time.monotonic() > patience:
            sys.exit(f"{process.args} did not start:\n{log.read_text()[-3000:] if log else ''}")
        time.sleep(0.05)


def fdatasync_ms(folder: Path, times: int = 200) -> list[float]:
    """Milliseconds of the disk's `fdatasync` after a page was written, as a commit does."""
    found = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(times):
            file.write(b"x" * 4096)
            file.flush()
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            found.append((time.perf_counter() - began) * 1000)
    return found
