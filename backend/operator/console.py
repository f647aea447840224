"""How a long piece of work shows on a terminal, and in a pipe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn


class Said(Protocol):
    """words: what was done."""

    @property
    def words(self) -> str: ...


Show = Callable[[int, int, Said], None]


@contextmanager
def progress(*, silent: bool) -> Iterator[Show]:
    """A bar on a terminal, a line a step elsewhere, nothing at all for a script that reads JSON."""
    console = Console()
    if silent:
        yield lambda _number, _total, _step: None
    elif not console.is_terminal:
        yield lambda number, total, step: print(f"[{number:>{len(str(total))}}/{total}] {step.words}", flush=True)
    else:
        with Progress(BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False), console=console) as bar:
            task = bar.add_task("", total=None)

            def show(number: int, total: int, step: Said) -> None:
                # Each step stays readable above the bar: what was done is the point of a run.
                bar.console.print(f"  {step.words}", markup=False, highlight=False)
                bar.update(task, total=total, completed=number - 1, description=step.words)

            yield show
            bar.update(task, completed=bar.tasks[0].total or 0, description="done")
