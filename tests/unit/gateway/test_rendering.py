"""The quick way to write a run is the documented one."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from backend.gateway.rendering import run_json
from backend.gateway.schemas import RunOut
from backend.gateway.views import RunStatus, RunView, SourceView
from backend.kernel.caller import Door
from backend.kernel.ids import ConversationId, InstanceId, LotId, RunId
from backend.kernel.money import Credits
from backend.ledger.views import HoldStatus, LotCharge, Receipt

CREDITS = st.builds(Credits, st.integers(0, 10**12))
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds the zone
LOTS = st.lists(st.builds(LotCharge, st.just(LotId("lot_1")), TEXT, CREDITS), max_size=3).map(tuple)
RECEIPTS = st.builds(
    Receipt,
    run_id=st.just(RunId("run_1")),
    quoted=CREDITS,
    held=CREDITS,
    charged=CREDITS,
    released=CREDITS,
    available=CREDITS,
    lots=LOTS,
    at=MOMENTS,
    status=st.sampled_from(HoldStatus),
    refunded=CREDITS,
)
RUNS = st.builds(
    RunView,
    id=st.just(RunId("run_1")),
    instance_id=st.just(InstanceId("inst_1")),
    instance_name=TEXT,
    door=st.sampled_from(Door),
    status=st.sampled_from(RunStatus),
    query=TEXT,
    text=TEXT,
    sources=st.lists(st.builds(SourceView, st.integers(1, 99), TEXT, TEXT, TEXT, TEXT), max_size=3).map(tuple),
    usage=st.dictionaries(st.sampled_from(["total_tokens", "input_tokens"]), st.integers(0, 10**9)),
    receipt=st.none() | RECEIPTS,
    started_at=MOMENTS,
    duration_ms=st.integers(0, 10**9),
    error_code=st.sampled_from(["", "timeout"]),
    error_detail=TEXT,
    conversation_id=st.just(ConversationId("conv_1")),
)


@given(RUNS)
def test_a_run_is_written_as_its_schema_says(run: RunView) -> None:
    assert RunOut.model_validate_json(run_json(run)) == RunOut.of(run)
    assert run_json(run).decode() == RunOut.of(run).model_dump_json()
