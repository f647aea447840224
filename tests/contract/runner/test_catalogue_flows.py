"""The flows that are committed: what their sources build, nothing secret in them, and choosing between them."""

import json
import subprocess
import sys

import pytest
from pydantic import SecretStr

from backend import catalogue
from backend.runner.flows import NO_KEY, flow_for
from backend.settings import Settings
from tests.contract.runner.flows import KBA, PRODUCTS

# In a process of its own: lfx is a large library that warns while it is imported.
BUILD = """
import json, catalogue.flows.build as build
print(json.dumps({str(path.relative_to(build.CATALOGUE)): text for path, text in build.build().items()}))
"""


def plain(**more: object) -> Settings:
    return Settings(_env_file=None, llm_base_url="", **more)  # type: ignore[arg-type, call-arg]


def test_the_committed_flows_are_what_their_sources_build() -> None:
    done = subprocess.run([sys.executable, "-c", BUILD], cwd=catalogue.FOLDER.parent, capture_output=True, text=True, check=True)
    built = json.loads(done.stdout.splitlines()[-1])
    assert len(built) == 4
    for name, text in built.items():
        assert (catalogue.FOLDER / name).read_text() == text, f"{name}: build it again with python -m catalogue.flows.build"


@pytest.mark.parametrize("slug", PRODUCTS)
def test_a_product_runs_without_a_model_until_one_is_configured(slug: str) -> None:
    plan = flow_for(PRODUCTS[slug], plain())
    assert (plan.flow.name, plan.flow.path.name, plan.variables, plan.tweaks) == (slug, "flow.json", {}, {})
    with_model = Settings(_env_file=None, llm_base_url="http://llm.test/v1", llm_api_key=SecretStr("sk-1234567"), llm_model="m-1")  # type: ignore[call-arg]
    plan = flow_for(PRODUCTS[slug], with_model)
    assert (plan.flow.name, plan.flow.path.name) == (f"{slug}-model", "flow-model.json")
    assert plan.variables == {"OPENAI_BASE_URL": "http://llm.test/v1", "OPENAI_API_KEY": "sk-1234567"}
    assert plan.tweaks == {"OpenAIModel-answer": {"model_name": "m-1"}}


def test_a_model_server_without_a_key_is_asked_with_one_that_is_none() -> None:
    plan = flow_for(KBA, Settings(_env_file=None, llm_base_url="http://llm.test/v1"))  # type: ignore[call-arg]
    assert plan.variables["OPENAI_API_KEY"] == NO_KEY


@pytest.mark.parametrize("slug", PRODUCTS)
def test_the_model_flow_names_its_secrets_as_variables(slug: str) -> None:
    nodes = json.loads(PRODUCTS[slug].flow("flow-model").read_text())["data"]["nodes"]
    fields = next(node for node in nodes if node["id"] == "OpenAIModel-answer")["data"]["node"]["template"]
    assert (fields["api_key"]["value"], fields["api_key"]["load_from_db"]) == ("OPENAI_API_KEY", True)
    assert (fields["openai_api_base"]["value"], fields["openai_api_base"]["load_from_db"]) == ("OPENAI_BASE_URL", True)


def test_a_changed_flow_is_another_version(tmp_path: object) -> None:
    first = flow_for(PRODUCTS["knowledge-base-agent"], plain()).flow
    second = flow_for(PRODUCTS["customer-support-agent"], plain()).flow
    assert len(first.content_hash) == 64
    assert first.content_hash != second.content_hash
