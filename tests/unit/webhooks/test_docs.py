"""The page about webhooks says what is so: its example of a verification runs, and every event is on it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standardwebhooks.webhooks import WebhookVerificationError

from backend.webhooks import policy, signing

PAGE = (Path(__file__).resolve().parents[3] / "docs/webhooks.md").read_text()


def test_the_example_verifies_a_message_of_ours_and_refuses_others() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    written: dict[str, object] = {}
    exec(code, written)
    verified = written["verified"]
    assert callable(verified)
    secret, now = signing.new_secret(), datetime.now(UTC)
    body = policy.body("run.completed", int(now.timestamp() * 1000), {"id": "run_1"})
    headers = dict(signing.headers("evt_1", now, body, [secret]))
    assert verified(secret, headers, body)["data"] == {"id": "run_1"}
    old = dict(signing.headers("evt_1", now - timedelta(minutes=6), body, [secret]))
    for wrong in ((secret, headers, body + b" "), (signing.new_secret(), headers, body), (secret, old, body)):
        with pytest.raises(WebhookVerificationError):
            verified(*wrong)


def test_every_event_is_on_the_page_and_nothing_else() -> None:
    named = set(re.findall(r"^\| `([a-z.]+)` \|", PAGE, re.MULTILINE))
    assert named == {*policy.EVENTS, policy.TEST}
