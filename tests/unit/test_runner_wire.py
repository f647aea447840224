"""What crosses between a gateway and its runner comes out as it went in."""

from __future__ import annotations

import pytest

from backend.runner.ports import Event, Failed, Finished, Token
from backend.runner.wire import read_event, write_event


@pytest.mark.parametrize(
    "event",
    [
        Token("Grüße \U0001f600\n"),
        Token("half a pair: \ud800"),
        Finished("", {}),
        Finished("Yes", {"total_tokens": 3}),
        Failed("flow_failed", "the shelf is empty"),
    ],
)
def test_an_event_is_one_line_and_comes_out_as_it_went_in(event: Event) -> None:
    line = write_event(event)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert read_event(line) == event


def test_an_unknown_failure_is_a_crash() -> None:
    assert read_event(b'{"failed": "sulking", "detail": "x"}') == Failed("crashed", "x")


@pytest.mark.parametrize("line", [b"", b"[]", b"1", b"null", b"{}", b'{"usage": {}}'])
def test_what_is_no_event_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_event(line)
