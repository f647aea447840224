"""The shop answers the calls recorded against a real Saleor in the same shape."""

from __future__ import annotations

import pytest

from backend.db.engine import Database
from backend.kernel.clock import FrozenClock
from backend.shop.schema import executable_schema
from backend.shop.seed import seed
from tests.contract.shop.recorded import APP_PART, PRESENT, UNSUPPORTED, calls, has_field
from tests.contract.shop.replay import Replay, catalogue
from tests.contract.shop.shapes import differences, top_level
from tests.saleor import real_schema
from tests.service.shop.shop import Shop

pytestmark = pytest.mark.skipif(not PRESENT, reason="../shared/saleor is not here: there is nothing recorded to compare with")


async def test_every_supported_recorded_call_is_answered_in_the_recorded_shape(database: Database, clock: FrozenClock) -> None:
    await seed(database, catalogue(), clock=clock)
    shop = Shop(database, clock)
    replay = Replay(shop, database)
    await replay.learn_catalogue()
    faults: list[str] = []
    played = [call for call in calls() if call.replayed]
    for call in played:
        status, body = await replay.play(call)
        if status != call.status:
            faults.append(f"{call.name}: HTTP {call.status} recorded, {status} here: {body}")
        elif top_level(call.body) != top_level(body):
            faults.append(f"{call.name}: errors {top_level(call.body)} recorded, {body.get('errors')} here")
        else:
            faults += [f"{call.name}: {fault}" for fault in differences(call.body["data"], body["data"])]
    await shop.client.aclose()
    assert not faults, "\n" + "\n".join(faults)
    assert len(played) > 100


def test_the_table_of_unsupported_operations_names_nothing_that_is_supported_or_unknown() -> None:
    ours, real = executable_schema([]), real_schema()
    assert [name for name in UNSUPPORTED if has_field(ours, name)] == []
    assert [name for name in UNSUPPORTED if not has_field(real, name)] == []
    used = {name for call in calls() for name in call.fields}
    assert [name for name in UNSUPPORTED if name not in used] == []


def test_what_is_left_to_the_tests_of_apps_is_in_the_schema() -> None:
    assert [name for name in sorted(APP_PART) if not has_field(executable_schema([]), name)] == []


def test_the_shop_schema_is_a_structural_subset_of_saleors() -> None:
    ours, real = executable_schema([]), real_schema()
    for name, found in ours.type_map.items():
        if name.startswith("__") or not hasattr(found, "fields"):
            continue
        theirs = real.type_map[name]
        for field, mine in found.fields.items():
            assert str(mine.type) == str(theirs.fields[field].type), f"{name}.{field}"
            for arg, value in getattr(mine, "args", {}).items():
                assert str(value.type) == str(theirs.fields[field].args[arg].type), f"{name}.{field}({arg})"
