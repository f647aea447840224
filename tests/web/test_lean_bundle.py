"""What cmp_web/lean.py takes out of the bundle stays out, and a Reflex it does not know stops the build."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from cmp_web import lean
from cmp_web.build import build
from cmp_web.edge.site import BUILT

DIRECT_EVAL = re.compile(r"(?<![\w.$)])eval\(")


def test_no_script_of_the_site_holds_names_whole_for_an_eval_that_may_not_run() -> None:
    build(print)
    scripts = sorted((BUILT / "assets").glob("*.js"))
    assert len(scripts) > 10
    assert [script.name for script in scripts if DIRECT_EVAL.search(script.read_text())] == []


def test_what_every_page_loads_is_one_file_and_the_addresses_the_edge_rewrites_stay_apart() -> None:
    build(print)
    [shared] = (BUILT / "assets").glob("shared-*.js")
    [addresses] = (BUILT / "assets").glob("reflex-env-*.js")
    assert "://localhost:" not in shared.read_text()
    assert "://localhost:" in addresses.read_text()


def test_calls_of_eval_become_indirect_once_and_nothing_else_changes() -> None:
    state = "x = eval(event.payload.callback); evalReact(1); a.href = eval?.(1); medieval(2)"
    changed = lean._without_scope(state)
    assert changed == state.replace("= eval(", "= (0, eval)(")
    assert lean._without_scope(changed) == changed


@pytest.mark.parametrize("change", [lean._aliases, lean._without_globals, lean._without_scope])
def test_a_file_reflex_wrote_differently_stops_the_build(change: Callable[[str], str]) -> None:
    with pytest.raises(ValueError, match="was Reflex upgraded"):
        change("something else")
