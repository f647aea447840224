"""What the set-up and the doctor send is what a real Saleor understands, and so is the schema their tests run on."""

from __future__ import annotations

import pytest
from graphql import GraphQLInputObjectType, GraphQLObjectType, build_schema, validate

from backend.commerce.operations import load
from backend.operator.admin import OPERATIONS
from tests.saleor import SCHEMA, real_schema
from tests.service.operator.saleor import SDL

pytestmark = pytest.mark.skipif(not SCHEMA.exists(), reason="Saleor's schema (../shared/saleor) is not here")


@pytest.mark.parametrize("name", sorted(load(OPERATIONS)))
def test_a_real_saleor_understands_it(name: str) -> None:
    assert validate(real_schema(), load(OPERATIONS)[name].document) == []


def test_the_tests_own_schema_is_a_part_of_the_real_one() -> None:
    real = real_schema().type_map
    for name, ours in build_schema(SDL.read_text()).type_map.items():
        if name.startswith("__") or not isinstance(ours, GraphQLObjectType | GraphQLInputObjectType):
            continue
        theirs = real[name]
        assert isinstance(theirs, GraphQLObjectType | GraphQLInputObjectType)
        assert {field: str(one.type) for field, one in ours.fields.items()}.items() <= {
            field: str(one.type) for field, one in theirs.fields.items()
        }.items(), name
