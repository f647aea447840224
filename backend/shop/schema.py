"""The executable schema: `schema.graphql` bound to resolvers. Fields without a resolver are read from the view, in snake case."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ariadne import SchemaBindable, load_schema_from_path, make_executable_schema
from graphql import GraphQLSchema

SDL = Path(__file__).parent / "schema.graphql"


def executable_schema(bindables: Sequence[SchemaBindable]) -> GraphQLSchema:
    return make_executable_schema(load_schema_from_path(str(SDL)), *bindables, convert_names_case=True)
