"""The executable schema: `schema.graphql` bound to resolvers. A field without one is read from the view, its name in snake case."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ariadne import InterfaceType, SchemaBindable, UnionType, load_schema_from_path, make_executable_schema
from graphql import GraphQLObjectType, GraphQLSchema

from backend.shop import ids
from backend.shop.context import Info
from backend.shop.scalars import scalars
from backend.shop.views import snake_name

SDL = Path(__file__).parent / "schema.graphql"


def executable_schema(bindables: Sequence[SchemaBindable]) -> GraphQLSchema:
    schema: GraphQLSchema = make_executable_schema(load_schema_from_path(str(SDL)), *scalars, *_abstract(), *bindables)
    for found in schema.type_map.values():
        if isinstance(found, GraphQLObjectType) and not found.name.startswith("__"):
            for name, field in found.fields.items():
                field.resolve = field.resolve or _reader(snake_name(name))
    return schema


def _reader(attribute: str) -> Callable[..., Any]:
    def read(parent: Any, _: Info, **__: Any) -> Any:
        return parent.get(attribute) if isinstance(parent, Mapping) else getattr(parent, attribute, None)

    return read


def _kind(value: Any, *_: Any) -> str | None:
    """The GraphQL type of a view: named by `__typename` in a mapping, otherwise by its global id."""
    if isinstance(value, Mapping) and "__typename" in value:
        return str(value["__typename"])
    found = ids.parse(value["id"] if isinstance(value, Mapping) else value.id)
    return found[0] if found else None


def _abstract() -> list[SchemaBindable]:
    return [InterfaceType(name, _kind) for name in ("Node", "ObjectWithMetadata", "Event")] + [UnionType("IssuingPrincipal", _kind)]
