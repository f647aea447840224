"""How many runs a process takes on follows how late it is, and never goes above what it was given nor below a handful."""

from __future__ import annotations

import asyncio
import time

import pytest

from backend.gateway.capacity import LEAST, Capacity
from backend.kernel.errors import Unavailable

MOST = 100


def taken(capacity: Capacity) -> int:
    """Take places until one is refused."""
    while not capacity.full:
        capacity.take()
    with pytest.raises(Unavailable) as refusal:
        capacity.take()
    assert (refusal.value.code, refusal.value.retry_after) == ("overloaded", 1)
    return capacity.taken


def grown() -> Capacity:
    """As it is after a while of being on time with all places in use."""
    capacity = Capacity(MOST)
    for _ in range(MOST):
        taken(capacity)
        capacity.felt(0.0)
    return capacity


def test_it_begins_with_a_handful_and_has_all_places_once_it_was_on_time_with_them() -> None:
    assert taken(Capacity(MOST)) == LEAST
    assert taken(grown()) == MOST


def test_a_process_that_stays_late_takes_on_less_and_less_but_never_nothing() -> None:
    capacity = grown()
    taken(capacity)
    seen = []
    for _ in range(200):
        capacity.felt(0.1)
        while capacity.taken and capacity.full:
            capacity.give_back()
        seen.append(taken(capacity))
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] == LEAST


def test_one_pause_turns_nobody_away() -> None:
    capacity = grown()
    taken(capacity)
    capacity.give_back()
    capacity.felt(0.02)
    assert not capacity.full


def test_a_process_that_is_on_time_again_takes_on_more_up_to_all() -> None:
    capacity = grown()
    taken(capacity)
    for _ in range(200):
        capacity.felt(0.1)
    while capacity.taken >= LEAST:
        capacity.give_back()
    for _ in range(MOST):
        taken(capacity)
        capacity.felt(0.0)
    assert taken(capacity) == MOST


def test_lateness_while_few_run_is_not_held_against_them() -> None:
    capacity = Capacity(MOST)
    capacity.take()
    for _ in range(50):
        capacity.felt(1.0)
    assert taken(capacity) == LEAST


def test_a_process_given_fewer_places_than_a_handful_keeps_to_them() -> None:
    assert taken(Capacity(2)) == 2


async def test_a_blocked_loop_is_felt() -> None:
    capacity = grown()
    taken(capacity)
    watch = asyncio.create_task(capacity.watch())
    try:
        for _ in range(10):
            await asyncio.sleep(0.03)
            time.sleep(0.1)
        while capacity.taken >= MOST - 1:
            capacity.give_back()
        assert capacity.full
    finally:
        watch.cancel()


def test_a_crowd_before_the_database_is_lateness_too() -> None:
    capacity = grown()
    taken(capacity)
    capacity.waited(0.005)
    for _ in range(50):
        capacity.waited(0.1)
        capacity.felt(0.0)
    while capacity.taken > LEAST:
        capacity.give_back()
    assert capacity.full


def test_a_database_that_is_always_as_slow_is_none() -> None:
    capacity = grown()
    for _ in range(50):
        taken(capacity)
        for wait in (0.1, 0.11, 0.12):
            capacity.waited(wait)
        capacity.felt(0.0)
    assert taken(capacity) == MOST


def test_a_database_that_became_slower_for_good_is_none_after_a_while() -> None:
    capacity = grown()
    capacity.waited(0.005)
    for _ in range(50 * 120):
        capacity.waited(0.1)
        capacity.felt(0.0)
        taken(capacity)
    assert taken(capacity) == MOST
