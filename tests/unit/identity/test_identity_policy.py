from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from backend.identity.policy import SESSION_ABSOLUTE, SESSION_IDLE, local_path, normal_email, password_fault, session_ends
from backend.kernel.errors import Invalid

START = datetime(2026, 1, 1, tzinfo=UTC)


def test_an_email_is_known_by_its_lower_case_form() -> None:
    assert normal_email("  Ann.Lee@Example.COM ") == "ann.lee@example.com"


@pytest.mark.parametrize("text", ["", "ann", "ann@", "@example.com", "ann@example", "a b@example.com", "ann@example.com\nBcc: x@y.com"])
def test_what_is_no_email_is_refused_with_its_field(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        normal_email(text)
    assert "email" in caught.value.fields


@pytest.mark.parametrize(
    ("password", "word"),
    [("short", "at least 10"), ("x" * 201, "at most 200"), ("abababababab", "different"), ("Ann.Lee@example.com", "e-mail")],
)
def test_a_weak_password_is_refused_in_words(password: str, word: str) -> None:
    assert word in password_fault(password, "ann.lee@example.com")


def test_ten_characters_with_some_variety_make_a_password() -> None:
    assert password_fault("1234567890", "ann@example.com") == ""


def test_a_session_ends_when_it_is_not_seen() -> None:
    assert session_ends(START, START + timedelta(days=1)) == START + timedelta(days=1) + SESSION_IDLE


def test_a_session_ends_however_often_it_is_seen() -> None:
    assert session_ends(START, START + timedelta(days=29)) == START + SESSION_ABSOLUTE


@pytest.mark.parametrize("path", ["/", "/app", "/app/agents?tab=runs#top", "/a/b//c"])
def test_a_path_of_ours_may_be_next(path: str) -> None:
    assert local_path(path, "/app") == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "app",
        "//evil.com",
        "https://evil.com",
        "/\\evil.com",
        "\\/evil.com",
        "/\t/evil.com",
        "/\n/evil.com",
        " //evil.com",
        "javascript:alert(1)",
    ],
)
def test_another_site_is_never_next(path: str) -> None:
    assert local_path(path, "/app") == "/app"
