"""Signing in works before any script, and the page says what went wrong from its address."""

from __future__ import annotations

import pytest

from cmp_web import routes
from cmp_web.components.base import native_form
from cmp_web.state.entry import Entry
from tests.web.store.conftest import call, tab


def test_the_browser_itself_sends_the_form() -> None:
    drawn = str(native_form(action=routes.LOGIN).render())
    assert "/auth/login" in drawn
    assert "onSubmit" not in drawn


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"error": "wrong_credentials"}, "error"),
        ({"error": "rate_limited"}, "error"),
        ({"error": "something_new"}, "error"),
        ({"error": "invalid", "field": "email"}, "email_error"),
        ({"error": "invalid", "field": "password"}, "password_error"),
        ({}, ""),
    ],
)
async def test_an_error_is_said_once_where_it_belongs(query: dict[str, str], shown: str) -> None:
    page = tab(Entry, routes.SIGN_IN, query)
    await call(Entry.look, page)
    said = {name for name in ("error", "email_error", "password_error") if getattr(page, name)}
    assert said == ({shown} if shown else set())


async def test_where_the_reader_was_going_is_kept_from_page_to_page() -> None:
    page = tab(Entry, routes.SIGN_IN, {"next": "/orders/ord_1", "email": "ann@example.com"})
    await call(Entry.look, page)
    assert (page.next, page.email) == ("/orders/ord_1", "ann@example.com")
    assert page.to_register == "/register?next=%2Forders%2Ford_1"
