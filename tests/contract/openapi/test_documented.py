"""What the API's description says of refusals."""

from __future__ import annotations

from backend.main import System

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def test_refusals_are_told_by_who_may_ask_and_what_is_taken(system: System) -> None:
    told = system.app.openapi()
    run = told["paths"]["/v1/runs"]["post"]
    assert {"400", "401", "402", "403", "404", "409", "413", "415", "422", "429", "503"} <= set(run["responses"])
    assert (run["responses"]["422"]["content"], run["security"]) == (PROBLEM, [{"key": []}])
    assert set(told["paths"]["/health"]["get"]["responses"]) == {"200"}
    assert system.app.openapi() is told


def test_no_operation_tells_an_answer_that_is_never_given_or_hides_the_rest_behind_a_default(system: System) -> None:
    told = system.app.openapi()
    assert "HTTPValidationError" not in str(told)
    answers = [operation["responses"] for operations in told["paths"].values() for operation in operations.values()]
    assert [responses for responses in answers if "default" in responses] == []
