"""The measures of `benchmarks.gateway`. Each takes the contenders, prints its figures and says whether its bounds hold."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from backend.settings import Settings
from benchmarks._contenders import Contender, ask
from benchmarks._load import Found

WARM = 1.5
"""Seconds of load before the first round, which are not counted."""
BOUNDS = {("ours, SQLite", 10): 2500.0, ("ours, PostgreSQL", 10): 2000.0}
CPU_US, TIMES_LITELLM, ADDED_MS, FIRST_MS, TOKEN_MS, STREAM_BYTES = 350.0, 30.0, 1.0, 1.5, 0.2, 60_000
SETTLE = 3.0
"""Seconds in which a crowd connects, which is a storm of its own."""
TOKENS = "Say it in tokens=50 gap=20 delay=20"
SLOW, UNHURRIED = "Take delay=100", "Take delay=20"
OPEN_STREAMS = 1000


@dataclass(frozen=True, slots=True)
class Round:
    """rate: runs a second. p50, p99: milliseconds. cpu: microseconds of the contender's processor a run."""

    rate: float
    p50: float
    p99: float
    cpu: float


def measured(one: Contender, at_once: int, seconds: float) -> Round:
    before = one.cpu()
    found = ask(one.spec(at_once, seconds))
    used = one.cpu() - before
    good(one, found)
    return Round(len(found.seconds) / found.took, pct(found.seconds, 50), pct(found.seconds, 99), used / len(found.seconds))


def good(one: Contender, found: Found) -> None:
    """Leaves with SystemExit when a run is not answered 200, or failed: refusals are quick and would flatter."""
    if set(found.status) != {"200"}:
        raise SystemExit(f"{one.name} did not answer all of it: {found.status}\n{found.sample}")
    if one.ours and ('"failed"' in found.sample or "run.failed" in found.sample):
        raise SystemExit(f"{one.name}: the runs fail:\n{found.sample}")


def pct(seconds: Sequence[float], share: int) -> float:
    """In milliseconds."""
    if not seconds:
        return float("nan")
    return (statistics.quantiles(seconds, n=100)[share - 1] if len(seconds) > 1 else seconds[0]) * 1000


def spread(values: Sequence[float], form: str = ".0f") -> str:
    """The median, and the least and most of the rounds."""
    middle = f"{statistics.median(values):{form}}"
    return middle if len(values) == 1 else f"{middle} ({min(values):{form}}–{max(values):{form}})"


def taking_turns(everybody: list[Contender], given: argparse.Namespace, at_once: int) -> dict[str, list[Round]]:
    for one in everybody:
        ask(one.spec(at_once, WARM))
    rounds: dict[str, list[Round]] = {one.name: [] for one in everybody}
    for _ in range(given.rounds):
        for one in everybody:
            rounds[one.name].append(measured(one, at_once, given.seconds))
    return rounds


def runs(everybody: list[Contender], given: argparse.Namespace) -> bool:
    """Runs a second, latency and processor time of each contender."""
    kept = True
    for at_once in given.at_once:
        rounds = taking_turns(everybody, given, at_once)
        rates = {name: statistics.median(r.rate for r in found) for name, found in rounds.items()}
        for name, found in rounds.items():
            rate, cpu = spread([r.rate for r in found]), spread([r.cpu for r in found])
            times = f", {rates[name] / rates['LiteLLM']:.1f} × LiteLLM" if "LiteLLM" in rates else ""
            times += f", {rates[name] / rates['nginx']:.3f} × nginx" if "nginx" in rates else ""
            latency = f"p50 {spread([r.p50 for r in found], '.2f')} ms, p99 {spread([r.p99 for r in found], '.2f')} ms"
            print(f"{at_once:>3} at once: {name:<17} {rate} runs/s, {latency}, CPU {cpu} µs a run{times}", flush=True)
            if bound := BOUNDS.get((name, at_once)):
                enough = rates[name] >= bound and statistics.median(r.cpu for r in found) <= CPU_US
                kept &= enough and rates[name] >= TIMES_LITELLM * rates.get("LiteLLM", 0)
    return kept


def added(everybody: list[Contender], given: argparse.Namespace) -> bool:
    """What a run takes longer than asking the upstream directly, one at a time."""
    rounds = taking_turns(everybody, given, 1)
    direct = [r.p50 for r in rounds[everybody[0].name]]
    kept = True
    for name, found in list(rounds.items())[1:]:
        more = [r.p50 - base for r, base in zip(found, direct, strict=True)]
        print(f"added at 1 at once: {name:<17} p50 {spread(more, '.2f')} ms (bound for ours {ADDED_MS} ms)", flush=True)
        kept &= not name.startswith("ours") or statistics.median(more) <= ADDED_MS
    return kept


def streams(everybody: list[Contender], given: argparse.Namespace) -> bool:
    """Ten streams at a time, each a tenth of its second after the one before: the first token, and how late each token is, over asking
    directly."""
    first: dict[str, list[float]] = {one.name: [] for one in everybody}
    late: dict[str, tuple[list[float], list[float]]] = {one.name: ([], []) for one in everybody}
    for one in everybody:
        ask(one.spec(2, WARM, question=TOKENS, stream=True))
    for _ in range(given.rounds):
        for one in everybody:
            found = ask(one.spec(10, given.seconds, question=TOKENS, stream=True, spread=1.0))
            good(one, found)
            first[one.name].append(pct(found.first, 50))
            late[one.name][0].append(pct(found.late, 50))
            late[one.name][1].append(pct(found.late, 95))
    kept, base = True, everybody[0].name
    for name in list(first)[1:]:
        over = [mine - direct for mine, direct in zip(first[name], first[base], strict=True)]
        p50, p95 = ([m - d for m, d in zip(late[name][n], late[base][n], strict=True)] for n in (0, 1))
        each = f"each p50 {spread(p50, '.3f')}, p95 {spread(p95, '.3f')} ms"
        print(f"streams: {name:<17} first {spread(over, '.2f')} ms, {each} (bounds for ours {FIRST_MS}, {TOKEN_MS} ms)", flush=True)
        kept &= not name.startswith("ours") or (statistics.median(over) <= FIRST_MS and statistics.median(p50) <= TOKEN_MS)
    return kept


def open_streams(everybody: list[Contender], _given: argparse.Namespace) -> bool:
    """Many streams that stay open for a while: memory for each, and whether they all come to their end."""
    kept = True
    for one in everybody[1:]:
        many = 100 if one.name == "LiteLLM" else OPEN_STREAMS
        question = "Say it in tokens=20 gap=1000 delay=100"
        ask(one.spec(min(many, 100), 0.1, question="Say it in tokens=20 gap=5", stream=True, requests=1))
        before, most = one.memory(), 0
        with ThreadPoolExecutor(1) as aside:
            asking = aside.submit(ask, one.spec(many, 0.1, question=question, stream=True, requests=1))
            while not asking.done():
                most = max(most, one.memory())
                time.sleep(0.5)
        found = asking.result()
        each = (most - before) / many
        late = f"a token late p50 {pct(found.late, 50):.2f} ms, p99 {pct(found.late, 99):.2f} ms"
        print(f"{many} open streams: {one.name:<17} {each / 1000:.1f} KB each (PSS), {found.status}, {late}", flush=True)
        kept &= not one.ours or (each <= STREAM_BYTES and found.status["200"] == many)
    return kept


def overlap(everybody: list[Contender], given: argparse.Namespace) -> bool:
    """What is added to an agent that takes 20 ms, one at a time: told best with `--slow-disk` and `--variant CMP_OVERLAP_HOLDS=false`."""
    took: dict[str, list[float]] = {one.name: [] for one in everybody}
    for _ in range(given.rounds):
        for one in everybody:
            found = ask(one.spec(1, given.seconds, question=UNHURRIED))
            good(one, found)
            took[one.name].append(pct(found.seconds, 50))
    base = took.pop(everybody[0].name)
    for name, mine in took.items():
        print(f"an agent of 20 ms: {name:<17} p50 {spread([m - d for m, d in zip(mine, base, strict=True)], '.2f')} ms added", flush=True)
    return True


def overload(everybody: list[Contender], given: argparse.Namespace) -> bool:
    """An agent that takes 100 ms, and three times as many runs a second as can be served: who is admitted, who is told to come again."""
    kept, most = True, Settings.model_fields["gateway_capacity"].default
    for one in everybody[1:]:
        if not one.ours:
            continue
        ask(one.spec(10, WARM, question=SLOW))
        calm = ask(one.spec(10, given.seconds, question=SLOW))
        good(one, calm)
        full = ask(one.spec(most, given.seconds, question=SLOW, pause=0.1, settle=SETTLE))
        capacity = len(full.seconds) / full.took
        # Nearly all of them are refused at any moment, and come again so often that what is asked is twice what can be served.
        crowd = ask(one.spec(3 * most, given.seconds * 2, question=SLOW, pause=3 * most / capacity, settle=SETTLE))
        ratio = pct(crowd.seconds, 99) / pct(calm.seconds, 99)
        refused = (
            f"{len(crowd.refused) / crowd.took:.0f}/s refused in p50 {pct(crowd.refused, 50):.1f}, p99 {pct(crowd.refused, 99):.1f} ms"
        )
        p99 = f"p99 {pct(crowd.seconds, 99):.0f} ms = {ratio:.2f} × calm"
        served = f"{len(crowd.seconds) / crowd.took:.0f}/s admitted of {capacity:.0f}/s, {p99}"
        print(f"overload: {one.name}: {served}; {refused}; {crowd.status}, {crowd.retry_after} with Retry-After", flush=True)
        kept &= ratio <= 2 and crowd.retry_after == len(crowd.refused) and set(crowd.status) <= {"200", "503"}
    return kept


PARTS: dict[str, Callable[[list[Contender], argparse.Namespace], bool]] = {
    "runs": runs,
    "added": added,
    "streams": streams,
    "open": open_streams,
    "overload": overload,
    "overlap": overlap,
}
NEEDS = {"open": {"CMP_GATEWAY_CAPACITY": str(OPEN_STREAMS + 100)}}
"""Settings of ours that a part needs, which is then measured apart from the others."""
