from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from backend.kernel.caller import Caller, Door, Role
from backend.kernel.clock import FrozenClock
from backend.kernel.ids import AccountId, KeyId, WidgetId, WorkspaceId
from backend.kernel.memory import LIFE, Callers, Memory


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime(2026, 11, 28, 12, tzinfo=UTC))


def test_what_was_found_is_known_for_a_second(clock: FrozenClock) -> None:
    memory: Memory[str] = Memory(clock)
    memory.keep("secret", "ann", memory.asking())
    clock.advance(LIFE - timedelta(milliseconds=1))
    assert (memory.look("secret"), memory.look("other")) == ("ann", None)
    clock.advance(timedelta(milliseconds=1))
    assert memory.look("secret") is None


def test_a_clock_that_is_put_back_makes_nothing_last_longer(clock: FrozenClock) -> None:
    memory: Memory[str] = Memory(clock)
    memory.keep("secret", "ann", memory.asking())
    clock.advance(timedelta(hours=-1))
    assert memory.look("secret") is None


def test_an_answer_that_was_asked_for_before_a_change_is_not_kept_after_it(clock: FrozenClock) -> None:
    memory: Memory[str] = Memory(clock)
    for change in (lambda: memory.forget(lambda _: False), lambda: memory.drop("whatever")):
        asked = memory.asking()
        change()
        memory.keep("secret", "ann as she was", asked)
        assert memory.look("secret") is None


def test_the_oldest_goes_when_there_is_no_more_room(clock: FrozenClock) -> None:
    memory: Memory[int] = Memory(clock, most=3)
    for n in (1, 2, 3, 1, 4):
        memory.keep(str(n), n, memory.asking())
    assert [memory.look(str(n)) for n in (1, 2, 3, 4)] == [1, None, 3, 4]


def test_no_secret_is_kept_in_the_clear(clock: FrozenClock) -> None:
    memory: Memory[str] = Memory(clock)
    memory.keep("cmp_secret", "ann", memory.asking())
    assert "cmp_secret" not in repr(vars(memory))


@pytest.mark.parametrize("about", ["key_1", "wid_1", "acc_1", "ws_1"])
def test_a_change_of_a_key_a_widget_an_account_or_a_workspace_forgets_whom_it_concerns_and_nobody_else(
    clock: FrozenClock, about: str
) -> None:
    callers = Callers(clock)
    mine = Caller(Door.API, WorkspaceId("ws_1"), Role.MEMBER, AccountId("acc_1"), key_id=KeyId("key_1"), widget_id=WidgetId("wid_1"))
    other = Caller(Door.API, WorkspaceId("ws_2"), Role.MEMBER)
    for memory in (callers.bearers, callers.cookies):
        memory.keep("mine", mine, memory.asking())
        memory.keep("other", other, memory.asking())
    callers.forget(about)
    for memory in (callers.bearers, callers.cookies):
        assert (memory.look("mine"), memory.look("other")) == (None, other)
