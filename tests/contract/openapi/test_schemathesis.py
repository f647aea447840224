"""Whatever comes to a documented operation, the answer is one that the API's description tells of, and never a fault of ours."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case
from schemathesis.checks import CheckFunction
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation

from tests.contract.openapi.conftest import Site

schemathesis.checks.load_all_checks()
CHECKS: list[CheckFunction] = schemathesis.checks.CHECKS.get_by_names(
    ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"]
)
EXAMPLES = {"all": 5, "runs": 2}
"""Of each operation, right ones and wrong ones each; by key."""
LEFT_OUT = ("/webhooks/saleor/",)
"""Deliveries count only with a signature of the shop; `tests/api/provisioner` sends them."""
BOUNDED = settings(
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


_ASKED = {"model": "{instance_id}", "stream": False}
_SAID = [{"role": "user", "content": "Hi"}]
_RUN = {"instance_id": "{instance_id}", "input": {"query": "Can I return a lamp?"}}
_HELLO = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "a test", "version": "1"}}
WELL: list[tuple[str, str, dict[str, Any], int]] = [
    ("POST", "/v1/runs", _RUN, 200),
    ("POST", "/v1/runs", _RUN | {"stream": True}, 200),
    ("POST", "/v1/runs", _RUN | {"background": True}, 202),
    ("POST", "/v1/runs", _RUN | {"max_credits": "0.000001"}, 422),
    ("POST", "/v1/chat/completions", _ASKED | {"messages": _SAID}, 200),
    ("POST", "/v1/chat/completions", _ASKED | {"messages": _SAID, "stream": True}, 200),
    ("POST", "/v1/responses", _ASKED | {"input": "Hi"}, 200),
    ("POST", "/v1/responses", _ASKED | {"input": "Hi", "stream": True}, 200),
    ("POST", "/mcp", {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": _HELLO}, 200),
]
"""What chance would hardly make: whole requests of the doors for runs, and the status of their answers."""


# The server's thread uses `random` while examples are drawn here.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module:hypothesis.errors.HypothesisDeprecationWarning")
@pytest.mark.parametrize("key", ["all", "runs"])
def test_every_answer_is_a_documented_one_and_none_is_a_fault(site: Site, key: str) -> None:
    schema = schemathesis.openapi.from_dict(site.schema)
    with requests.Session() as session:
        asked = Asked(site, key, session)
        for method, path, body, status in WELL:
            asked.well(schema[path][method], body, status)
        for operation in [found.ok() for found in schema.get_all_operations()]:
            if not operation.path.startswith(LEFT_OUT):
                for mode in GenerationMode.POSITIVE, GenerationMode.NEGATIVE:
                    asked.probe(operation, mode)
    assert not asked.faults, "\n\n".join(asked.faults.values())
    succeeded = [label for label, statuses in asked.seen.items() if min(statuses) < 400]
    assert len(asked.seen) > 65
    assert len(succeeded) > {"all": 40, "runs": 15}[key], "most were refused at the door: nothing behind it was tried"


class Asked:
    """What came of all the questions, with one key."""

    def __init__(self, site: Site, key: str, session: requests.Session) -> None:
        self.site, self.session, self.examples = site, session, EXAMPLES[key]
        self.key = {"Authorization": f"Bearer {site.keys[key]}"}
        self.seen: dict[str, set[int]] = {}
        self.faults: dict[tuple[str, int, str], str] = {}

    def well(self, operation: APIOperation, body: dict[str, Any], status: int) -> None:
        """Ask as one should."""
        whole = {name: self.site.ids["instance_id"] if value == "{instance_id}" else value for name, value in body.items()}
        accept = {"Accept": "application/json, text/event-stream"}
        assert self._ask(operation.Case(body=whole, media_type="application/json"), self.key | accept) == status

    def probe(self, operation: APIOperation, mode: GenerationMode) -> None:
        """Ask by chance: half of it at what is really there and with the key, half with whatever key chance gives."""

        @settings(BOUNDED, max_examples=self.examples)
        @given(operation.as_strategy(generation_mode=mode), st.booleans())
        def ask(made: Case, real: bool) -> None:
            self._ask(aimed(made, self.site.ids) if real else made, dict(self.key) if real else None)

        with contextlib.suppress(Unsatisfiable):
            # Where nothing can be wrong.
            ask()

    def _ask(self, case: Case, headers: dict[str, str] | None) -> int:
        # No exception leaves: it would be shrunk and replayed, on a system that has changed meanwhile.
        answer = case.call(base_url=self.site.url, session=self.session, headers=headers, allow_redirects=False)
        self.seen.setdefault(case.operation.label, set()).add(answer.status_code)
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as group:
            for failure in group.exceptions:
                kind = (case.operation.label, answer.status_code, failure.title)
                sent = f"{case.path_parameters} {case.query} {case.headers} {case.media_type} {case.body!r}"
                words = f"{kind}\n  sent {sent[:400]}\n  got {answer.text[:400]}\n  {failure.message[:600]}"
                self.faults.setdefault(kind, words)
        return answer.status_code


def aimed(case: Case, ids: dict[str, str]) -> Case:
    """The same at what is really there."""
    if case.path_parameters:
        case.path_parameters = {name: ids.get(name, value) for name, value in case.path_parameters.items()}
    if isinstance(case.body, dict):
        case.body = case.body | {name: ids[name] for name in ("instance_id", "model") if name in case.body}
    return case
