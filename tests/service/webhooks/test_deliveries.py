"""What happened is told at least once under one id, signed, however often the other side or we fail."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from sqlalchemy import select, text
from standardwebhooks import Webhook

from backend.kernel.errors import Conflict
from backend.webhooks import policy
from backend.webhooks.calling import Courier
from backend.webhooks.delivering import Bounds
from backend.webhooks.models import EndpointRow
from backend.webhooks.repository import LEASE
from backend.webhooks.views import DeliveryStatus, DeliveryView, EndpointChange, EndpointStatus
from tests.service.webhooks.house import ANN, BOB, RUN, House
from tests.service.webhooks.receiver import Receiver, never, receiving

RAW = "INSERT INTO webhook_event (id, workspace_id, type, data, at_ms, spread) VALUES (:id, :workspace_id, :type, :data, :at_ms, :spread)"
"""As a writer with a connection of its own does it."""


async def only(house: House, endpoint_id: str) -> DeliveryView:
    (view,) = (await house.webhooks.deliveries(ANN, endpoint_id)).items
    return view


async def test_an_event_reaches_those_who_asked_for_it_and_nobody_else(house: House, receiver: Receiver) -> None:
    async with receiving() as other:
        made = await house.endpoint(receiver.url)
        await house.endpoint(other.url, "run.failed")
        await house.endpoint(other.url, workspace=BOB)
        await house.delivered(data={"id": "run_7", "charged": "1"})
    (got,) = receiver.got
    assert (got.json["type"], got.json["data"], other.got) == (RUN, {"id": "run_7", "charged": "1"}, [])
    assert got.json["timestamp"] == "2026-11-22T12:00:00.000Z"
    view = await only(house, made.endpoint.id)
    assert (view.status, view.event_id, view.code, view.snippet, view.attempts) == (DeliveryStatus.DELIVERED, got.id, 200, "taken", 1)
    assert view.payload == got.json


async def test_the_official_verifier_accepts_what_arrives(house: House, receiver: Receiver) -> None:
    house.clock.at = datetime.now(UTC)
    made = await house.endpoint(receiver.url)
    await house.delivered()
    (got,) = receiver.got
    assert Webhook(made.secret).verify(got.body, got.headers) == got.json
    assert got.headers["content-type"] == "application/json"


async def test_an_event_nobody_asked_for_leaves_no_row(house: House, receiver: Receiver) -> None:
    await house.endpoint(receiver.url, "run.failed")
    await house.happens()
    assert await house.count() == 0
    async with house.database.write() as tx:
        values = house.outbox.event_values(ANN, RUN, {}, house.clock.now())
        await tx.execute(text(RAW), values)
    assert await house.count() == 1
    await house.deliverer.turn()
    assert (await house.count(), receiver.got) == (0, [])


async def test_what_a_transaction_takes_back_is_never_told(house: House, receiver: Receiver) -> None:
    await house.endpoint(receiver.url)
    async with house.database.write() as tx:
        await house.outbox.announce(tx, ANN, RUN, {})
        await tx.rollback()
    await house.deliverer.turn()
    assert (await house.count(), receiver.got) == (0, [])


async def test_a_failed_attempt_is_made_again_later_under_the_same_id_with_the_same_body(house: House, receiver: Receiver) -> None:
    made = await house.endpoint(receiver.url)
    receiver.status, receiver.text = 500, "out of order"
    await house.delivered()
    view = await only(house, made.endpoint.id)
    assert (view.status, view.code, view.snippet) == (DeliveryStatus.PENDING, 500, "out of order")
    assert view.due_at is not None
    await house.deliverer.turn()
    assert len(receiver.got) == 1
    house.clock.at = view.due_at
    receiver.status = 204
    await house.deliverer.turn()
    first, second = receiver.got
    assert (first.id, first.body) == (second.id, second.body)
    assert int(second.headers["webhook-timestamp"]) > int(first.headers["webhook-timestamp"])
    view = await only(house, made.endpoint.id)
    assert (view.status, view.attempts, [one.code for one in view.log]) == (DeliveryStatus.DELIVERED, 2, [500, 204])


@pytest.mark.parametrize("status", [301, 400, 404, 503])
async def test_only_2xx_counts_as_taken(house: House, receiver: Receiver, status: int) -> None:
    made = await house.endpoint(receiver.url)
    receiver.status = status
    await house.delivered()
    view = await only(house, made.endpoint.id)
    assert (view.status, view.code) == (DeliveryStatus.PENDING, status)


async def test_after_ten_attempts_a_delivery_has_failed_and_can_be_replayed_under_its_id(house: House, receiver: Receiver) -> None:
    made = await house.endpoint(receiver.url)
    receiver.status = 500
    await house.delivered()
    for _ in policy.AFTER:
        view = await only(house, made.endpoint.id)
        assert view.due_at is not None
        house.clock.at = view.due_at
        await house.deliverer.turn()
    view = await only(house, made.endpoint.id)
    assert (view.status, view.attempts, view.due_at, len(receiver.got)) == (DeliveryStatus.FAILED, 10, None, 10)
    receiver.status = 200
    await house.webhooks.replay(ANN, made.endpoint.id, view.id)
    await house.deliverer.turn()
    view = await only(house, made.endpoint.id)
    assert (view.status, view.attempts, {got.id for got in receiver.got}) == (DeliveryStatus.DELIVERED, 11, {view.event_id})
    assert len({got.body for got in receiver.got}) == 1


async def test_a_delivery_that_was_taken_can_be_replayed_too(house: House, receiver: Receiver) -> None:
    made = await house.endpoint(receiver.url)
    await house.delivered()
    await house.webhooks.replay(ANN, made.endpoint.id, (await only(house, made.endpoint.id)).id)
    await house.deliverer.turn()
    assert [got.id for got in receiver.got] == [receiver.got[0].id] * 2


async def test_a_process_killed_between_the_event_and_its_deliveries_loses_nothing(house: House, receiver: Receiver) -> None:
    await house.endpoint(receiver.url)
    await house.happens()
    survivor = house.another()
    await survivor.deliverer.turn()
    await survivor.deliverer.stop()
    assert len(receiver.got) == 1


async def test_a_process_killed_amid_an_attempt_is_followed_by_another_under_the_same_id(house: House, receiver: Receiver) -> None:
    made = await house.endpoint(receiver.url)
    receiver.answering = never
    await house.happens()
    dying = asyncio.create_task(house.deliverer.turn())
    while not receiver.got:
        await asyncio.sleep(0.01)
    dying.cancel()
    for task in list(house.deliverer._tasks):
        task.cancel()
    await asyncio.gather(dying, *house.deliverer._tasks, return_exceptions=True)
    receiver.answering = None
    survivor = house.another()
    await survivor.deliverer.turn()
    assert len(receiver.got) == 1
    house.clock.advance(LEASE + timedelta(seconds=1))
    await survivor.deliverer.turn()
    await survivor.deliverer.stop()
    assert [got.id for got in receiver.got] == [receiver.got[0].id] * 2
    assert (await only(house, made.endpoint.id)).status == DeliveryStatus.DELIVERED


async def test_two_processes_do_not_deliver_the_same_thing_at_the_same_time(house: House, receiver: Receiver) -> None:
    await house.endpoint(receiver.url)
    for number in range(40):
        await house.happens(data={"id": f"run_{number}"})
    other = house.another()
    await asyncio.gather(house.deliverer.turn(), other.deliverer.turn())
    await other.deliverer.stop()
    assert sorted(got.json["data"]["id"] for got in receiver.got) == sorted(f"run_{n}" for n in range(40))


async def test_a_slow_endpoint_does_not_hold_up_the_others(house: House, receiver: Receiver) -> None:
    async with receiving() as slow:
        slow.answering = never
        await house.endpoint(slow.url, workspace=BOB)
        await house.endpoint(receiver.url)
        for _ in range(100):
            await house.happens(workspace=BOB)
        await house.happens()
        working = asyncio.create_task(house.deliverer.turn())
        while not receiver.got:
            await asyncio.sleep(0.01)
        assert len(slow.got) <= Bounds().each
        working.cancel()
        for task in list(house.deliverer._tasks):
            task.cancel()
        await asyncio.gather(working, *house.deliverer._tasks, return_exceptions=True)


async def test_a_receiver_that_asks_to_be_left_alone_is(house: House, receiver: Receiver) -> None:
    made = await house.endpoint(receiver.url)
    receiver.status, receiver.headers = 429, {"retry-after": "7200"}
    await house.delivered()
    view = await only(house, made.endpoint.id)
    assert view.due_at is not None
    assert view.due_at - house.clock.now() >= timedelta(hours=2)


async def test_an_endpoint_that_fails_for_days_is_disabled_and_its_admins_are_told_once(house: House, receiver: Receiver) -> None:
    made = await house.endpoint(receiver.url)
    receiver.status = 500
    await house.delivered()
    house.clock.advance(policy.GIVE_UP + timedelta(minutes=1))
    await house.telling.run()
    assert house.mails() == []
    await house.delivered()
    view = await house.webhooks.get(ANN, made.endpoint.id)
    assert (view.status, "22 Nov 2026" in view.disabled_for) == (EndpointStatus.DISABLED, True)
    for _ in range(2):
        await house.telling.run()
    (mail,) = house.mails()
    assert "To: ws_ann@example.com" in mail
    assert receiver.url in mail
    count = len(receiver.got)
    house.clock.advance(timedelta(days=2))
    await house.delivered()
    assert len(receiver.got) == count


async def test_an_endpoint_that_was_disabled_goes_on_when_it_is_resumed(house: House, receiver: Receiver) -> None:
    made = await house.endpoint(receiver.url)
    receiver.status = 410
    await house.delivered()
    view = await house.webhooks.get(ANN, made.endpoint.id)
    assert (view.status, view.disabled_for) == (EndpointStatus.DISABLED, "It answered 410 Gone.")
    with pytest.raises(Conflict, match="Resume it first"):
        await house.webhooks.replay(ANN, made.endpoint.id, (await only(house, made.endpoint.id)).id)
    receiver.status = 200
    view = await house.webhooks.change(ANN, made.endpoint.id, EndpointChange(paused=False))
    assert (view.status, view.disabled_for, view.failing_since) == (EndpointStatus.LIVE, "", None)
    await house.deliverer.turn()
    assert (await only(house, made.endpoint.id)).status == DeliveryStatus.DELIVERED


async def test_success_ends_a_time_of_failure(house: House, receiver: Receiver) -> None:
    made = await house.endpoint(receiver.url)
    receiver.status = 500
    await house.delivered()
    assert (await house.webhooks.get(ANN, made.endpoint.id)).failing_since == house.clock.now()
    receiver.status = 200
    await house.delivered()
    assert (await house.webhooks.get(ANN, made.endpoint.id)).failing_since is None


async def test_what_happens_while_an_endpoint_is_paused_waits_for_it(house: House, receiver: Receiver) -> None:
    made = await house.endpoint(receiver.url)
    await house.webhooks.change(ANN, made.endpoint.id, EndpointChange(paused=True))
    await house.delivered()
    assert receiver.got == []
    await house.webhooks.change(ANN, made.endpoint.id, EndpointChange(paused=False))
    await house.deliverer.turn()
    assert len(receiver.got) == 1


async def test_while_a_secret_is_exchanged_both_sign_and_afterwards_the_new_one_alone(house: House, receiver: Receiver) -> None:
    house.clock.at = datetime.now(UTC)
    made = await house.endpoint(receiver.url)
    rotated = await house.webhooks.rotate(ANN, made.endpoint.id, overlap_hours=1)
    assert rotated.secret != made.secret
    assert rotated.endpoint.old_until == house.clock.now() + timedelta(hours=1)
    await house.delivered()
    for secret in (made.secret, rotated.secret):
        assert Webhook(secret).verify(receiver.got[0].body, receiver.got[0].headers)
    leaked = await house.webhooks.rotate(ANN, made.endpoint.id, overlap_hours=0)
    await house.delivered()
    assert Webhook(leaked.secret).verify(receiver.got[1].body, receiver.got[1].headers)
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(rotated.secret).verify(receiver.got[1].body, receiver.got[1].headers)


async def test_an_old_secret_stops_when_its_time_is_over(house: House, receiver: Receiver) -> None:
    made = await house.endpoint(receiver.url)
    await house.webhooks.rotate(ANN, made.endpoint.id, overlap_hours=1)
    house.clock.advance(timedelta(hours=1))
    await house.delivered()
    assert len(receiver.got[0].headers["webhook-signature"].split(" ")) == 1
    assert (await house.webhooks.get(ANN, made.endpoint.id)).old_until is None


async def test_no_secret_is_kept_readable(house: House, receiver: Receiver) -> None:
    made = await house.endpoint(receiver.url)
    async with house.database.read() as tx:
        row = (await tx.scalars(select(EndpointRow))).one()
    assert made.secret not in str(row.model_dump())
    assert made.secret.removeprefix("whsec_") not in row.secret


async def test_no_secret_is_logged(house: House, receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    made = await house.endpoint(receiver.url)
    rotated = await house.webhooks.rotate(ANN, made.endpoint.id)
    receiver.status = 500
    await house.delivered()
    await house.webhooks.test(ANN, made.endpoint.id)
    assert caplog.text
    for secret in (made.secret, rotated.secret):
        assert secret.removeprefix("whsec_") not in caplog.text
    assert receiver.got[0].headers["webhook-signature"] not in caplog.text


async def test_contents_are_sent_only_to_those_who_asked_for_them(house: House, receiver: Receiver) -> None:
    async def content(_workspace: str, kind: str, data: object) -> dict[str, object]:
        return {"output": {"text": f"about {kind} {data}"}}

    async with receiving() as curious:
        rich = house.another(content=content)
        await rich.endpoint(receiver.url)
        made = await rich.endpoint(curious.url, include_content=True)
        await rich.delivered(data={"id": "run_1"})
        await rich.deliverer.stop()
    assert receiver.got[0].json["data"] == {"id": "run_1"}
    assert curious.got[0].json["data"] == {"id": "run_1", "output": {"text": "about run.completed {'id': 'run_1'}"}}
    assert (await only(house, made.endpoint.id)).payload["data"] == {"id": "run_1"}


async def test_a_test_is_sent_once_at_once_and_says_how_it_went(house: House, receiver: Receiver) -> None:
    made = await house.endpoint(receiver.url)
    receiver.status, receiver.text = 500, "not yet"
    view = await house.webhooks.test(ANN, made.endpoint.id)
    assert (view.type, view.status, view.code, view.snippet) == (policy.TEST, DeliveryStatus.FAILED, 500, "not yet")
    house.clock.advance(timedelta(days=6))
    await house.deliverer.turn()
    assert len(receiver.got) == 1
    assert (await house.webhooks.get(ANN, made.endpoint.id)).failing_since is None
    receiver.status = 200
    assert (await house.webhooks.test(ANN, made.endpoint.id)).status == DeliveryStatus.DELIVERED


async def test_an_endpoint_in_our_own_network_is_tried_and_refused_at_the_connection(house: House, receiver: Receiver) -> None:
    strict = house.another(courier=Courier())
    made = await strict.endpoint(receiver.url)
    view = await strict.webhooks.test(ANN, made.endpoint.id)
    await strict.deliverer.stop()
    assert (view.code, view.error, receiver.got) == (None, "The address does not lead to the public internet.", [])


async def test_a_deleted_endpoint_takes_its_deliveries_along(house: House, receiver: Receiver) -> None:
    made = await house.endpoint(receiver.url)
    await house.happens()
    await house.webhooks.delete(ANN, made.endpoint.id)
    await house.deliverer.turn()
    assert (receiver.got, await house.count()) == ([], 0)


async def test_what_is_a_month_old_is_forgotten_unless_it_is_still_to_be_tried(house: House, receiver: Receiver) -> None:
    """Ids carry the real time, so the clock must be ahead of it."""
    house.clock.at = datetime.now(UTC)
    made = await house.endpoint(receiver.url)
    await house.delivered()
    receiver.status = 500
    await house.delivered()
    await house.telling.forget()
    assert await house.count() == 2
    house.clock.advance(policy.KEEP + timedelta(minutes=1))
    await house.telling.forget()
    assert (await only(house, made.endpoint.id)).status == DeliveryStatus.PENDING


async def test_a_running_process_delivers_as_soon_as_it_is_woken(house: House, receiver: Receiver) -> None:
    async def seen(request: web.Request) -> web.StreamResponse:
        arrived.set()
        return web.Response()

    arrived = asyncio.Event()
    receiver.answering = seen
    await house.deliverer.start()
    await house.endpoint(receiver.url)
    await house.happens()
    await asyncio.wait_for(arrived.wait(), 5)


async def test_memory_says_who_wants_what_and_everything_before_it_has_looked(house: House, receiver: Receiver) -> None:
    assert house.outbox.wanted(ANN, "run.failed")
    await house.outbox.refresh()
    assert not house.outbox.wanted(ANN, RUN)
    made = await house.endpoint(receiver.url)
    assert [house.outbox.wanted(ANN, kind) for kind in (RUN, "run.failed")] == [True, False]
    assert not house.outbox.wanted(BOB, RUN)
    other = house.another()
    await other.outbox.refresh()
    await house.webhooks.change(ANN, made.endpoint.id, EndpointChange(events=["run.failed"]))
    house.clock.advance(timedelta(seconds=1))
    await house.webhooks.change(ANN, made.endpoint.id, EndpointChange(description="Ours"))
    await other.outbox.refresh()
    assert [other.outbox.wanted(ANN, kind) for kind in (RUN, "run.failed")] == [False, True]
    await house.webhooks.delete(ANN, made.endpoint.id)
    await other.outbox.refresh()
    assert not other.outbox.wanted(ANN, "run.failed")
