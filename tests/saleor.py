"""Saleor's own schema and what was recorded of one, where they are at hand."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from graphql import GraphQLSchema, build_schema

SALEOR = Path(__file__).resolve().parents[2] / "shared" / "saleor"
SCHEMA = SALEOR / "schema.graphql"


@cache
def real_schema() -> GraphQLSchema:
    """Read once for all tests of a process, because it is long."""
    return build_schema(SCHEMA.read_text(), assume_valid=True, no_location=True)
