"""Years of use, written at once: copies of one real run's rows under new names, and lots that were used up.

The rows are those the gateway itself wrote, whatever its tables look like; only what names a run, a conversation or a posting changes. The
copies belong to the first customer, are older than anything, and keep the books of that customer's account in order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, create_engine, inspect, text

from benchmarks._seeded import Seeded

TABLES = ("conversation", "message", "gateway_run", "ledger_hold", "ledger_transaction", "ledger_entry")
BATCH = 50_000
CREDIT = 1_000_000
POSITIONS = 10_000_000
"""Positions of copied entries begin above this, where no real one is."""
OPEN_LOTS = 100
"""Of the lots, how many still have something in them."""


def fill(url: str, customer: Seeded, runs: int, lots: int) -> None:
    """Nothing may be running on the database; at least one run of the customer has been settled there."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as db:
        _lots(db, customer.workspace, lots)
    with engine.begin() as db:
        templates = _templates(db, customer.workspace)
    for first in range(1, runs + 1, BATCH):
        with engine.begin() as db:
            for table in TABLES:
                _copies(db, table, templates, first, min(first + BATCH - 1, runs))
    with engine.begin() as db:
        _counted(db, customer.workspace, runs)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        db.execute(text("ANALYZE"))
    engine.dispose()


def _templates(db: Connection, workspace: str) -> dict[str, list[dict[str, Any]]]:
    """The rows of the customer's latest settled run, by table, with the names that copies have to change."""
    found = "SELECT * FROM gateway_run WHERE workspace_id = :w AND status = 'succeeded' ORDER BY id DESC LIMIT 1"
    run = dict(db.execute(text(found), {"w": workspace}).mappings().one())
    known: dict[str, list[dict[str, Any]]] = {"gateway_run": [run]}

    def rows(table: str, where: str, **given: object) -> None:
        known[table] = [dict(row) for row in db.execute(text(f"SELECT * FROM {table} WHERE {where}"), given).mappings()]

    rows("conversation", "id = :c", c=run["conversation_id"])
    rows("message", "run_id = :r", r=run["id"])
    rows("ledger_hold", "run_id = :r", r=run["id"])
    rows("ledger_transaction", "run_id = :r", r=run["id"])
    postings = [row["id"] for row in known["ledger_transaction"]]
    rows("ledger_entry", "transaction_id = :t", t=postings[0] if postings else "")
    return known


def _names(templates: dict[str, list[dict[str, Any]]]) -> dict[str, str]:
    """What a copy renames → the beginning of its new name. They sort before every real one of their kind."""
    run = templates["gateway_run"][0]
    ids = [run["id"], run["conversation_id"]]
    ids += [row["id"] for row in templates["ledger_transaction"]]
    return {old: f"{re.match(r'[a-z]+_', old)[0]}00{number}" for number, old in enumerate(ids)}  # type: ignore[index]


def _copies(db: Connection, table: str, templates: dict[str, list[dict[str, Any]]], first: int, last: int) -> None:
    names = _names(templates)
    for row in templates[table]:
        values: dict[str, object] = {}
        for name, value in row.items():
            renamed = next((old for old in names if isinstance(value, str) and old in value), None)
            if table == "message" and name == "id":
                continue
            if name == "position" and value is not None:
                values[name] = Number(POSITIONS)
            elif renamed is not None:
                values[name] = Name(value.replace(renamed, names[renamed]))
            else:
                values[name] = None if name == "request_key" else value
        _insert(db, table, values, first, last)


def _lots(db: Connection, workspace: str, lots: int) -> None:
    """Used up, but for the last of them, which hold a credit each."""
    found = db.execute(text("SELECT * FROM ledger_lot WHERE workspace_id = :w LIMIT 1"), {"w": workspace})
    template = dict(found.mappings().one()) | {"id": Name("lot_00"), "granted": CREDIT}
    _insert(db, "ledger_lot", template | {"remaining": 0}, 1, lots - OPEN_LOTS)
    _insert(db, "ledger_lot", template | {"remaining": CREDIT}, lots - OPEN_LOTS + 1, lots)
    more = "UPDATE ledger_account SET balance = balance + :more WHERE workspace_id = :w"
    db.execute(text(more), {"more": OPEN_LOTS * CREDIT, "w": workspace})


def _counted(db: Connection, workspace: str, runs: int) -> None:
    """The next entry of the account comes after the copies."""
    db.execute(text("UPDATE ledger_account SET entries = :n WHERE workspace_id = :w"), {"n": POSITIONS + runs, "w": workspace})


@dataclass(frozen=True, slots=True)
class Name:
    """Text that ends with the copy's number."""

    begins: str


@dataclass(frozen=True, slots=True)
class Number:
    """The copy's number, above a base."""

    base: int


def _insert(db: Connection, table: str, values: Mapping[str, object], first: int, last: int) -> None:
    """A row for each number from `first` to `last`."""
    sqlite = db.dialect.name == "sqlite"
    if sqlite:
        series = "WITH RECURSIVE s(n) AS (SELECT :n_first UNION ALL SELECT n + 1 FROM s WHERE n < :n_last)"
    else:
        series = "WITH s AS (SELECT n FROM generate_series(CAST(:n_first AS bigint), CAST(:n_last AS bigint)) AS g(n))"
    number = "printf('%020d', n)" if sqlite else "lpad(n::text, 20, '0')"
    kinds = {column["name"]: column["type"].compile(db.dialect) for column in inspect(db).get_columns(table)}
    given: dict[str, object] = {"n_first": first, "n_last": last}
    chosen = []
    for name, value in values.items():
        plain = f":{name}" if sqlite else f"CAST(:{name} AS {kinds[name]})"
        match value:
            case Name(begins=begins):
                given[name] = begins
                chosen.append(f"CAST(:{name} AS text) || {number}")
            case Number(base=base):
                chosen.append(f"n + {base}")
            case dict() | list():
                given[name] = json.dumps(value)
                chosen.append(plain)
            case _:
                given[name] = value
                chosen.append(plain)
    columns = ", ".join(f'"{name}"' for name in values)
    db.execute(text(f"INSERT INTO {table} ({columns}) {series} SELECT {', '.join(chosen)} FROM s"), given)
