"""What the gateway costs, beside LiteLLM's proxy and nginx: `python -m benchmarks.gateway [--only runs,…] [--quick]`.

One machine, one run: the contender under test has one core to itself; the load, the fake upstream and PostgreSQL share the other. The
upstream answers at once, so the gateway is what is measured. Ours: authenticated by an API key, credits held and settled, the run, its
conversation and its receipt kept, nothing said before it is durable. LiteLLM: its master key and no database; nothing it does is kept.
nginx: nothing but passing on. PostgreSQL where CMP_BENCH_POSTGRES_URL (else CMP_TEST_POSTGRES_URL) names a server whose user may create
databases; for figures to be told it runs with fsync on.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from backend.settings import Settings
from benchmarks import _contenders as contenders
from benchmarks._contenders import Contender, ask
from benchmarks._gateway_parts import NEEDS, PARTS
from benchmarks._history import fill
from benchmarks._seeded import Seeded, seed
from benchmarks._slow_disk import environment as slow_disk
from benchmarks._system import free_port, load
from benchmarks.webhooks import postgres


def arguments() -> argparse.Namespace:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    words.add_argument("--only", default=",".join(PARTS), help=f"parts, by commas: {', '.join(PARTS)}")
    words.add_argument("--quick", action="store_true", help="one short round of each; for looking, not for telling")
    words.add_argument("--rounds", type=int, default=5, help="of each measure, the contenders taking turns")
    words.add_argument("--seconds", type=float, default=5.0, help="of each round")
    words.add_argument("--at-once", default="1,10,50")
    words.add_argument("--workspaces", type=int, default=1, help="customers that the runs are spread over")
    words.add_argument(
        "--history", type=int, default=0, help="measure databases too that have so many past runs, and a tenth of it in lots"
    )
    words.add_argument("--without", default="", help="contenders to leave out: litellm, nginx, sqlite, postgresql")
    words.add_argument("--litellm", type=Path, default=Path("var/bench-litellm"), help="where LiteLLM's environment is, or is made")
    words.add_argument("--folder", type=Path, help="where the databases are made; decides which disk is measured")
    words.add_argument("--slow-disk", type=float, default=0, metavar="MS", help="make every fdatasync of ours on SQLite so much slower")
    words.add_argument("--variant", action="append", default=[], metavar="NAME=VALUE", help="measure ours on SQLite once more, set so")
    words.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="more of our gateway's environment")
    given = words.parse_args()
    if given.quick:
        given.rounds, given.seconds = 1, 2.0
    given.at_once = [int(number) for number in given.at_once.split(",")]
    return given


@contextlib.contextmanager
def stage(given: argparse.Namespace, folder: Path, needed: dict[str, str]) -> Iterator[list[Contender]]:
    """Everybody, started and warm: the upstream itself first."""
    left_out = set(given.without.split(","))
    with contextlib.ExitStack() as everybody:
        behind = everybody.enter_context(contenders.upstream())
        found: list[Contender | None] = [behind]
        if "nginx" not in left_out:
            found.append(everybody.enter_context(contenders.nginx(folder, behind)))
        if "litellm" not in left_out and (environment := contenders.installed(given.litellm.resolve())):
            found.append(everybody.enter_context(contenders.litellm(folder, environment, behind)))
        server = os.environ.get("CMP_BENCH_POSTGRES_URL") or os.environ.get("CMP_TEST_POSTGRES_URL")
        if not server:
            print("PostgreSQL: not measured (CMP_BENCH_POSTGRES_URL is not set)")
        extra = needed | dict(pair.split("=", 1) for pair in given.set)
        disk = slow_disk(folder, given.slow_disk) if given.slow_disk else {}
        for past in dict.fromkeys((0, given.history)):
            told = f", {past:,} past runs" if past else ""
            if "sqlite" not in left_out:
                for number, variant in enumerate(["", *([] if past else given.variant)]):
                    name, data = f"ours, SQLite{told}{variant and f', {variant}'}", folder / f"sqlite-{past}-{number}"
                    more = extra | disk | dict([variant.split("=", 1)] if variant else [])
                    found.append(everybody.enter_context(_ours(name, data, "", behind, given, more, past)))
            if "postgresql" not in left_out and server:
                url, name = everybody.enter_context(postgres(server)), f"ours, PostgreSQL{told}"
                found.append(everybody.enter_context(_ours(name, folder / f"postgresql-{past}", url, behind, given, extra, past)))
        yield [one for one in found if one is not None]


@contextlib.contextmanager
def _ours(
    name: str, data: Path, url: str, behind: Contender, given: argparse.Namespace, extra: dict[str, str], past: int
) -> Iterator[Contender]:
    """past: runs that the first customer has behind them when the gateway starts."""
    settings = Settings(_env_file=None, data_dir=data, database_url=url, port=free_port())  # type: ignore[call-arg]
    customers: list[Seeded] = seed(settings, given.workspaces)
    with contenders.ours(name, settings, customers, behind, extra) as gateway:
        if past:
            ask(gateway.spec(1, 1, requests=3))
    if past:
        began = time.monotonic()
        fill(settings.database, customers[0], past, max(past // 10, 200))
        print(f"   {name}: written in {time.monotonic() - began:.0f} s", flush=True)
    with contenders.ours(name, settings, customers, behind, extra) as gateway:
        yield gateway


def measure(given: argparse.Namespace, folder: Path, parts: list[str]) -> bool:
    folder.mkdir()
    good = True
    with stage(given, folder, NEEDS.get(parts[0], {})) as everybody:
        for part in parts:
            print(f"-- {part} ({load()})", flush=True)
            good &= PARTS[part](everybody, given)
    return good


def main() -> int:
    given = arguments()
    os.sched_setaffinity(0, contenders.core(contenders.LOAD_CORE))
    good, parts = True, given.only.split(",")
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        folder.chmod(0o755)
        disk = contenders.fdatasync_ms(folder)
        server, client = contenders.core(contenders.SERVER_CORE), contenders.core(contenders.LOAD_CORE)
        cores = f"contender on core {server}, load and upstream on core {client}"
        print(f"{load()}; {cores}; fdatasync p50 {statistics.median(disk):.2f} ms, p99 {statistics.quantiles(disk, n=100)[98]:.2f} ms")
        for together in ([part for part in parts if part not in NEEDS], *([part] for part in parts if part in NEEDS)):
            if together:
                good &= measure(given, folder / "-".join(together), together)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
