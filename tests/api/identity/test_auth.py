from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.service.identity.app import BASE, client
from tests.service.identity.people import PASSWORD, Town

ANN = {"email": "ann@example.com", "password": PASSWORD}


async def test_a_form_registers_signs_in_and_goes_where_the_person_was_going(town: Town) -> None:
    async with client(town) as http:
        answer = await http.post("/auth/register", data={**ANN, "name": "Ann", "next": "/checkout"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/checkout")
        cookie = answer.headers["set-cookie"].lower()
        assert all(word in cookie for word in ("cmp_session=", "httponly", "samesite=lax", "path=/"))
        assert "secure" not in cookie
        assert (await http.get("/v1/instances")).json() == {"items": [], "next": None}


async def test_the_cookie_is_secure_on_https(town: Town) -> None:
    town.settings = town.settings.model_copy(update={"public_url": "https://market.example.com"})
    async with client(town) as http:
        assert "secure" in (await http.post("/auth/register", json=ANN)).headers["set-cookie"].lower()


async def test_json_registers_and_signs_in(town: Town) -> None:
    async with client(town) as http:
        made = await http.post("/auth/register", json=ANN)
        assert made.status_code == 201
        assert made.json()["email"] == "ann@example.com"
        assert made.json()["email_verified"] is False
        again = await http.post("/auth/login", json=ANN)
        assert again.status_code == 204
        assert "cmp_session=" in again.headers["set-cookie"]


async def test_a_refused_form_goes_back_with_the_code_but_never_the_password(town: Town) -> None:
    async with client(town) as http:
        answer = await http.post("/auth/login", data={**ANN, "password": "a wrong password", "next": "/app/keys"})
    to = urlsplit(answer.headers["location"])
    assert (answer.status_code, to.path) == (303, "/signin")
    assert parse_qs(to.query) == {"error": ["wrong_credentials"], "next": ["/app/keys"], "email": ["ann@example.com"]}
    assert "set-cookie" not in answer.headers


async def test_a_refused_registration_goes_back_to_its_own_form(town: Town) -> None:
    async with client(town) as http:
        await http.post("/auth/register", data=ANN)
        taken = await http.post("/auth/register", data=ANN)
        weak = await http.post("/auth/register", data={"email": "bob@example.com", "password": "short"})
    assert taken.headers["location"] == "/register?error=email_taken&email=ann%40example.com"
    assert weak.headers["location"] == "/register?error=invalid&email=bob%40example.com&field=password"


@pytest.mark.parametrize("wanted", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
async def test_nobody_is_sent_to_another_site(town: Town, wanted: str) -> None:
    await town.person()
    async with client(town) as http:
        right = await http.post("/auth/login", data={**ANN, "next": wanted})
        wrong = await http.post("/auth/login", data={**ANN, "password": "a wrong password", "next": wanted})
        page = await http.get("/auth/login", params={"next": wanted})
    assert right.headers["location"] == "/app"
    assert "next" not in wrong.headers["location"]
    assert page.headers["location"] == "/signin"


async def test_the_sign_in_link_keeps_a_local_next(town: Town) -> None:
    async with client(town) as http:
        assert (await http.get("/auth/login?next=/app/keys")).headers["location"] == "/signin?next=%2Fapp%2Fkeys"


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'{"email": 1, "password": "x"}'])
async def test_malformed_json_is_a_problem_and_not_a_crash(town: Town, body: bytes) -> None:
    async with client(town) as http:
        answer = await http.post("/auth/login", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_another_kind_of_body_is_refused(town: Town) -> None:
    async with client(town) as http:
        assert (await http.post("/auth/login", content="hello", headers={"content-type": "text/plain"})).status_code == 415


async def test_a_body_too_large_is_refused(town: Town) -> None:
    async with client(town) as http:
        assert (await http.post("/auth/login", json={**ANN, "next": "x" * 20_000})).status_code == 413


@pytest.mark.parametrize("path", ["/auth/login", "/auth/register", "/auth/logout"])
async def test_a_form_on_another_site_does_nothing(town: Town, path: str) -> None:
    async with client(town, origin="https://evil.example") as http:
        answer = await http.post(path, data=ANN)
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
    assert "set-cookie" not in answer.headers
    assert await town.accounts.by_email(ANN["email"]) is None


async def test_signing_out_ends_the_session_everywhere(town: Town) -> None:
    async with client(town) as http:
        await http.post("/auth/register", data=ANN)
        kept = http.cookies["cmp_session"]
        answer = await http.post("/auth/logout")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert "cmp_session" not in http.cookies
        assert (await http.get("/v1/instances", headers={"cookie": f"cmp_session={kept}"})).status_code == 401
        assert (await http.post("/auth/logout")).status_code == 303


async def test_signing_in_again_changes_the_session(town: Town) -> None:
    async with client(town) as http:
        await http.post("/auth/register", data=ANN)
        before = http.cookies["cmp_session"]
        await http.post("/auth/login", data=ANN)
        assert http.cookies["cmp_session"] != before
        assert await town.sessions.account(before) is None


async def test_an_expired_session_and_a_forged_one_are_nobody(town: Town) -> None:
    async with client(town) as http:
        await http.post("/auth/register", data=ANN)
        assert (await http.get("/v1/keys")).status_code == 200
        town.clock.advance(timedelta(days=15))
        assert (await http.get("/v1/keys")).status_code == 401
    async with client(town, cookie="cmp_session=forged") as http:
        assert (await http.get("/v1/keys")).status_code == 401


async def test_another_site_cannot_act_with_the_cookie(town: Town) -> None:
    async with client(town) as http:
        await http.post("/auth/register", data=ANN)
        answer = await http.post("/v1/keys", json={"name": "evil"}, headers={"origin": "https://evil.example"})
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
        assert (await http.post("/v1/keys", json={"name": "mine"}, headers={"origin": BASE})).status_code == 201


async def test_the_mailed_link_verifies_once(town: Town) -> None:
    await town.person()
    async with client(town) as http:
        first = await http.get("/auth/verify", params={"token": town.outbox.link()})
        second = await http.get("/auth/verify", params={"token": town.outbox.link()})
    assert (first.headers["location"], second.headers["location"]) == ("/signin?verified=1", "/signin?error=link_invalid")


async def test_a_signed_in_person_is_mailed_another_link_and_nobody_else_is(town: Town) -> None:
    async with client(town) as http:
        assert (await http.post("/auth/verify")).status_code == 401
        await http.post("/auth/register", data=ANN)
        assert (await http.post("/auth/verify")).status_code == 202
        form = await http.post("/auth/verify", data={"next": "/app/settings"})
    assert (form.status_code, form.headers["location"]) == (303, "/app/settings")
    assert [mail.to for mail in town.outbox.sent] == ["ann@example.com"] * 3


@pytest.mark.usefixtures("one_moment")
async def test_guessing_is_answered_with_when_to_come_back(town: Town) -> None:
    async with client(town) as http:
        for _ in range(10):
            await http.post("/auth/login", json={**ANN, "password": "a wrong password"})
        answer = await http.post("/auth/login", json=ANN)
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert int(answer.headers["retry-after"]) > 0
