"""The commands about orders: moments as people write them, and the books in a file or a pipe."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from backend.cli import app
from backend.cli.orders import _moment
from backend.provisioner.books import COLUMNS
from tests.conftest import NOW


@pytest.mark.parametrize(
    ("text", "back"),
    [("48h", timedelta(hours=48)), ("3d", timedelta(days=3)), ("0.5h", timedelta(minutes=30)), ("2026-11-20T12:00", timedelta(days=2))],
)
def test_a_moment_is_a_span_back_or_a_date(text: str, back: timedelta) -> None:
    assert _moment(text, NOW) == NOW - back


def test_what_is_no_moment_is_refused_with_words() -> None:
    with pytest.raises(typer.BadParameter, match="48h, 3d"):
        _moment("yesterday", NOW)


def test_the_books_are_written_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CMP_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("CMP_SECRET_KEY", "a-secret-for-tests")
    header = ",".join(COLUMNS)
    written = CliRunner().invoke(app, ["books", "--out", str(tmp_path / "books.csv"), "--check"])
    assert (written.exit_code, written.stderr) == (0, "The books match the ledger and Saleor.\n")
    assert (tmp_path / "books.csv").read_text().splitlines()[0] == header
    piped = CliRunner().invoke(app, ["books", "--since", "3d"])
    assert (piped.exit_code, piped.stdout.splitlines()[0]) == (0, header)
