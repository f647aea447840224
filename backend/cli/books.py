"""`cmpctl ledger …` and `cmpctl receipts …`: the proof of the books, refunds of runs, and receipts without their server."""

from __future__ import annotations

import getpass
import json
import sys
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import httpx
import typer

from backend.cli.running import AsJson, show, with_services
from backend.container import Services
from backend.kernel.ids import RunId
from backend.ledger.verifying import Verdict, examine
from backend.ledger.views import Receipt
from backend.operator.console import progress
from backend.operator.proving import Proven

ledger = typer.Typer(no_args_is_help=True, help="The credit ledger.")
receipts = typer.Typer(no_args_is_help=True, help="Signed receipts.")
KEYS_PATH = "/.well-known/cmp-receipts.json"


@ledger.command("prove")
def prove(as_json: AsJson = False) -> None:
    """Prove the books: sums, lots, entries, holds, runs, orders, grants. Mends nothing. Exit code 1 when something does not agree."""

    async def run(services: Services) -> list[Proven]:
        with progress(silent=as_json) as step:
            return await services.proofs.proving.prove(step)

    done = with_services(run)
    faults = [fault for one in done for fault in one.faults]
    checks = [{"check": one.words, "faults": list(one.faults), "seconds": round(one.seconds, 3)} for one in done]
    told = "The books are proven." if not faults else f"{len(faults)} faults."
    show(as_json, {"ok": not faults, "faults": faults, "checks": checks}, [*faults, told])
    raise typer.Exit(1 if faults else 0)


@ledger.command("refund")
def refund(
    run: Annotated[str, typer.Argument(help="The run whose charge is given back, run_…")],
    reason: Annotated[str, typer.Option(help="Why; the workspace reads it beside the entry.")],
    by: Annotated[str, typer.Option(help="Who decides it; the user of this terminal when left out.")] = "",
    as_json: AsJson = False,
) -> None:
    """Give back what a run was charged, once: to the lots that paid, in the usage, and to the budgets it counted in."""

    async def give(services: Services) -> Receipt:
        return await services.refunds.give(RunId(run), reason, by=by or getpass.getuser())

    receipt = with_services(give)
    data = {"run_id": receipt.run_id, "charged": str(receipt.charged), "refunded": str(receipt.refunded)}
    at = receipt.refunded_at.isoformat() if receipt.refunded_at else None
    show(as_json, data | {"refunded_at": at}, [f"{receipt.refunded} credits of {receipt.run_id} are given back, since {at}."])


@receipts.command("rotate")
def rotate(
    leaked: Annotated[bool, typer.Option("--leaked", help="Withdraw the earlier keys: what they signed must be asked for anew.")] = False,
    as_json: AsJson = False,
) -> None:
    """Sign receipts by a new key from now on. Earlier keys stay published, so that what they signed can be verified."""
    kid = with_services(lambda services: services.proofs.keyring.rotate(withdraw=leaked))
    show(
        as_json, {"kid": kid, "withdrawn": leaked}, [f"Receipts are signed by {kid} now.", "Earlier keys are withdrawn." if leaked else ""]
    )


@receipts.command("keys")
def print_keys() -> None:
    """The public keys as JSON, to keep in a file."""
    typer.echo(json.dumps(with_services(lambda services: services.proofs.keyring.published()), indent=2))


@receipts.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(help="The receipt as it was downloaded; - for standard input.", allow_dash=True)],
    keys: Annotated[str, typer.Option(help=f"A file with the public keys, or the address of {KEYS_PATH}.")] = "cmp-receipts.json",
    as_json: AsJson = False,
) -> None:
    """Verify a receipt with nothing but a file of public keys. Exit code 0: valid, 1: not, 2: a file cannot be read."""
    try:
        document = json.loads(sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8"))
        verdict = examine(document, _keys(keys))
    except (OSError, ValueError, RecursionError, httpx.HTTPError) as fault:
        verdict = Verdict("unreadable", f"Cannot be read: {fault}")
    show(as_json, {"valid": verdict.valid, "code": verdict.code, "detail": verdict.words}, [verdict.words])
    raise typer.Exit(0 if verdict.valid else 2 if verdict.code == "unreadable" else 1)


def _keys(source: str) -> object:
    if urlsplit(source).scheme in {"http", "https"}:
        answer = httpx.get(source, timeout=10)
        if answer.status_code != httpx.codes.OK:
            raise OSError(f"{source} answered {answer.status_code}")
        return answer.json()
    return json.loads(Path(source).read_text(encoding="utf-8"))
