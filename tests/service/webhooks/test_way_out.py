"""What a webhook may reach: the public internet and nothing else, over TLS that is checked, for a bounded time and size."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from backend.webhooks import calling
from backend.webhooks.calling import NOT_PUBLIC, Courier
from tests.service.webhooks.receiver import Names, Receiver, certified, never, receiving

NAME = "hooks.example.com"
HEADERS = {"webhook-id": "evt_1"}


@pytest.fixture
def pair(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    return certified(tmp_path, NAME)


@pytest.fixture
async def secure(pair: tuple[ssl.SSLContext, ssl.SSLContext]) -> AsyncIterator[Receiver]:
    async with receiving(secure=pair[0]) as receiver:
        yield receiver


def everything(_address: str) -> bool:
    return True


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "::ffff:127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1", "64:ff9b::7f00:1", "2002:7f00:1::1", "0.0.0.0"],
)
async def test_a_name_that_leads_into_our_own_network_is_never_connected_to(receiver: Receiver, address: str) -> None:
    courier = Courier(resolver=Names(address))
    answer = await courier.post(f"http://{NAME}:{receiver.port}/", b"{}", HEADERS)
    await courier.close()
    assert (answer.code, answer.error, receiver.got) == (None, NOT_PUBLIC, [])


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost", "2130706433", "0x7f.1", "127.1", "0"])
async def test_no_way_of_writing_an_address_goes_around_the_check(receiver: Receiver, host: str) -> None:
    courier = Courier()
    answer = await courier.post(f"http://{host}:{receiver.port}/", b"{}", HEADERS)
    await courier.close()
    assert (answer.code, receiver.got) == (None, [])


async def test_the_checked_address_is_the_one_connected_to_when_a_name_changes_its_mind() -> None:
    """127.0.0.1 plays the public address, 127.0.0.2 the one inside, on the same port."""
    names = Names("127.0.0.1", "127.0.0.2")
    async with receiving() as outside, receiving("127.0.0.2", outside.port) as inside:
        courier = Courier(resolver=names, public=lambda address: address == "127.0.0.1")
        url = f"http://{NAME}:{outside.port}/"
        first, second = await courier.post(url, b"{}", HEADERS), await courier.post(url, b"{}", HEADERS)
        await courier.close()
    assert (first.code, len(outside.got), names.asked) == (200, 1, [NAME, NAME])
    assert (second.code, second.error, inside.got) == (None, NOT_PUBLIC, [])


async def test_a_name_is_resolved_once_for_a_connection(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's own resolver is never asked beside ours: nothing between the check and the connection looks again."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("looked again")

    names = Names("127.0.0.1")
    courier = Courier(resolver=names, public=everything)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    answer = await courier.post(f"http://{NAME}:{receiver.port}/", b"{}", HEADERS)
    await courier.close()
    assert (answer.code, names.asked) == (200, [NAME])


async def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    async with receiving() as inside:
        receiver.status, receiver.headers = 307, {"location": inside.url}
        courier = Courier(private=True)
        answer = await courier.post(receiver.url, b"{}", HEADERS)
        await courier.close()
    assert (answer.code, answer.taken, inside.got) == (307, False, [])


async def test_a_certificate_is_checked_against_the_name_that_was_given(
    secure: Receiver, pair: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    courier = Courier(resolver=Names("127.0.0.1"), public=everything, trust=pair[1])
    right = await courier.post(f"https://{NAME}:{secure.port}/", b"{}", HEADERS)
    wrong = await courier.post(f"https://other.example.com:{secure.port}/", b"{}", HEADERS)
    await courier.close()
    assert (right.code, secure.got[0].headers["host"]) == (200, f"{NAME}:{secure.port}")
    assert (wrong.code, "certificate" in wrong.error, len(secure.got)) == (None, True, 1)


async def test_a_certificate_that_nobody_vouches_for_is_refused(secure: Receiver) -> None:
    courier = Courier(resolver=Names("127.0.0.1"), public=everything)
    answer = await courier.post(f"https://{NAME}:{secure.port}/", b"{}", HEADERS)
    await courier.close()
    assert (answer.code, "certificate" in answer.error, secure.got) == (None, True, [])


async def test_an_endpoint_that_does_not_answer_is_given_up(receiver: Receiver) -> None:
    receiver.answering = never
    courier = Courier(private=True, timeout=0.2)
    answer = await courier.post(receiver.url, b"{}", HEADERS)
    await courier.close()
    assert (answer.code, answer.error) == (None, "No answer within 0.2 seconds.")


async def test_of_an_endless_answer_only_the_beginning_is_read(receiver: Receiver) -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65536)
            sent += 65536

    receiver.answering = endless
    courier = Courier(private=True)
    answer = await asyncio.wait_for(courier.post(receiver.url, b"{}", HEADERS), 10)
    await courier.close()
    assert (answer.code, len(answer.snippet)) == (200, 500)


async def test_a_status_counts_even_when_its_body_never_ends(receiver: Receiver) -> None:
    async def dangling(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"ok")
        return await never(request)

    receiver.answering = dangling
    courier = Courier(private=True, timeout=0.3)
    answer = await courier.post(receiver.url, b"{}", HEADERS)
    await courier.close()
    assert (answer.code, answer.taken, answer.error) == (200, True, "")


async def test_a_compressed_answer_is_not_unpacked(receiver: Receiver) -> None:
    receiver.headers, receiver.text = {"content-encoding": "gzip"}, "not really"
    courier = Courier(private=True)
    answer = await courier.post(receiver.url, b"{}", HEADERS)
    await courier.close()
    assert (answer.code, answer.snippet) == (200, "not really")


async def test_what_a_stranger_answers_is_kept_as_plain_text(receiver: Receiver) -> None:
    receiver.text = "<b>\x00\x1b[31m</b>\nnext"
    courier = Courier(private=True)
    answer = await courier.post(receiver.url, b"{}", HEADERS)
    await courier.close()
    assert answer.snippet == "<b>  [31m</b>\nnext"


async def test_nobody_listening_is_said_without_a_word_of_our_network() -> None:
    courier = Courier(private=True)
    answer = await courier.post("http://127.0.0.1:9/", b"{}", HEADERS)
    await courier.close()
    assert (answer.code, answer.error) == (None, "No connection could be made.")


async def test_cookies_and_proxies_of_ours_stay_at_home(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    receiver.headers = {"set-cookie": "a=b"}
    courier = Courier(private=True)
    for _ in range(2):
        assert (await courier.post(receiver.url, b"{}", HEADERS)).code == 200
    await courier.close()
    assert "cookie" not in receiver.got[1].headers
    assert receiver.got[1].headers["user-agent"].startswith("CMP-Webhooks/")
    assert calling.TIMEOUT <= 30
