"""Figures of the operators' work for Prometheus. They are read from the database, so that each process tells the same."""

from __future__ import annotations

from prometheus_client import Gauge

from backend.operator.proving import Proving

FAULTS = Gauge("cmp_proof_faults", "Faults that the last nightly proof found; anything but 0 is an alarm.", ["check"])
LAST = Gauge("cmp_proof_last_run_timestamp_seconds", "When the last nightly proof ended; 0 before the first.")


async def measure(proving: Proving) -> None:
    report = await proving.last()
    FAULTS.clear()
    LAST.set(report.at.timestamp() if report else 0)
    for check, many in (report.found if report else {}).items():
        FAULTS.labels(check).set(many)
