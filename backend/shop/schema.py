"""The executable schema: `schema.graphql` bound to resolvers. A field without one is read from the view, its name in snake case."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from ariadne import InterfaceType, SchemaBindable, UnionType, make_executable_schema
from graphql import GraphQLObjectType, GraphQLSchema, assert_valid_schema

from backend.shop import ids
from backend.shop.context import Info
from backend.shop.scalars import scalars
from backend.shop.views import snake_name

SDL = Path(__file__).parent / "schema.graphql"


def executable_schema(bindables: Sequence[SchemaBindable]) -> GraphQLSchema:
    """A schema of its own for every call: bindables write their resolvers on its fields."""
    schema = deepcopy(_types())
    for bindable in bindables:
        bindable.bind_to_schema(schema)
    assert_valid_schema(schema)
    for found in schema.type_map.values():
        if isinstance(found, GraphQLObjectType) and not found.name.startswith("__"):
            for name, field in found.fields.items():
                field.resolve = field.resolve or (_metafield if name == "metafield" else _reader(snake_name(name)))
    return schema


@cache
def _types() -> GraphQLSchema:
    """To read the SDL takes longer than all else about a shop, and a process may have many of them."""
    schema: GraphQLSchema = make_executable_schema(SDL.read_text(), *scalars, *_abstract())
    return schema


def _reader(attribute: str) -> Callable[..., Any]:
    def read(parent: Any, _: Info, **__: Any) -> Any:
        return parent.get(attribute, empty) if isinstance(parent, Mapping) else getattr(parent, attribute, empty)

    empty = () if attribute in {"metadata", "private_metadata"} else None
    return read


def _metafield(parent: Any, _: Info, key: str) -> str | None:
    """The value of one key of the metadata."""
    found = parent.get("metadata", ()) if isinstance(parent, Mapping) else getattr(parent, "metadata", ())
    return next((item.value for item in found if item.key == key), None)


def _kind(value: Any, *_: Any) -> str | None:
    """The GraphQL type of a view: named by `__typename` in a mapping, otherwise by its global id."""
    if isinstance(value, Mapping) and "__typename" in value:
        return str(value["__typename"])
    found = ids.parse(value["id"] if isinstance(value, Mapping) else value.id)
    return found[0] if found else None


def _abstract() -> list[SchemaBindable]:
    return [InterfaceType(name, _kind) for name in ("Node", "ObjectWithMetadata", "Event")] + [
        UnionType(name, _kind) for name in ("IssuingPrincipal", "CheckoutLineProblem")
    ]
