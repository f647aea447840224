"""Bounds on a query, so that a small request cannot ask for an enormous answer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping
from typing import Any

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    ValidationRule,
    parse,
    validate,
)

MAX_BODY = 256 * 1024
"""Bytes of a request."""
MAX_DEPTH = 15
MAX_FIELDS = 2_000
"""Fields of one operation with its fragments written out."""
MAX_TOKENS = 12_000
MAX_FRAGMENTS = 50
MAX_MUTATIONS = 20
"""Changes in one request; each is a transaction of its own."""


class Bounded(ValidationRule):
    """Refuses an operation that is nested too deep or names too many fields. Fragment cycles are another rule's business."""

    def enter_document(self, node: DocumentNode, *_: object) -> None:
        if sum(isinstance(part, FragmentDefinitionNode) for part in node.definitions) > MAX_FRAGMENTS:
            self.report_error(GraphQLError(f"The query has more than {MAX_FRAGMENTS} fragments.", node))

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: object) -> None:
        if node.operation is OperationType.MUTATION and len(node.selection_set.selections) > MAX_MUTATIONS:
            self._refuse(f"The request makes more than {MAX_MUTATIONS} changes.", node)
        self._fields = 0
        self._descend(node.selection_set, 1, frozenset(), node)

    def _descend(self, selected: SelectionSetNode, depth: int, inside: frozenset[str], operation: OperationDefinitionNode) -> bool:
        """False once a bound was broken: one error is enough."""
        if depth > MAX_DEPTH:
            return self._refuse(f"The query is deeper than {MAX_DEPTH} levels.", operation)
        for node in selected.selections:
            self._fields += 1
            if self._fields > MAX_FIELDS:
                return self._refuse(f"The query names more than {MAX_FIELDS} fields.", operation)
            if isinstance(node, FragmentSpreadNode):
                fragment = self.context.get_fragment(node.name.value)
                if fragment is None or node.name.value in inside:
                    continue
                if not self._descend(fragment.selection_set, depth, inside | {node.name.value}, operation):
                    return False
            elif isinstance(node, InlineFragmentNode) or (isinstance(node, FieldNode) and node.selection_set):
                deeper = depth + isinstance(node, FieldNode)
                if node.selection_set and not self._descend(node.selection_set, deeper, inside, operation):
                    return False
        return True

    def _refuse(self, message: str, node: OperationDefinitionNode) -> bool:
        self.report_error(GraphQLError(message, node))
        return False


class Remembered:
    """Queries that were found sound, by their text: a client sends the same few all day, and their rules take longer than their answer.

    Every shop of a process has the same types, whatever its resolvers, so that what is sound for one is so for all.
    """

    def __init__(self, most: int, longest: int) -> None:
        self._most, self._longest = most, longest
        self._found: OrderedDict[str, DocumentNode] = OrderedDict()

    def get(self, query: str) -> DocumentNode | None:
        if query in self._found:
            self._found.move_to_end(query)
        return self._found.get(query)

    def put(self, query: str, document: DocumentNode) -> None:
        if len(query) <= self._longest:
            self._found[query] = document
            if len(self._found) > self._most:
                self._found.popitem(last=False)


remembered = Remembered(most=50, longest=3_000)
"""Ours are half as long, and fewer. Queries made to take room could take 40 MB, because each character may become 300 bytes."""


def read(_context: Any, asked: Mapping[str, Any]) -> DocumentNode:
    return remembered.get(asked["query"]) or parse(asked["query"], max_tokens=MAX_TOKENS)


def check(
    schema: GraphQLSchema,
    document_ast: DocumentNode,
    rules: Collection[type[ASTValidationRule]] | None = None,
    max_errors: int | None = None,
    type_info: object = None,  # noqa: ARG001 (Ariadne calls it by this name)
) -> list[GraphQLError]:
    """The bounds first and alone: the rules of the specification take time that grows with the square of what was asked."""
    query = document_ast.loc.source.body if document_ast.loc else ""
    if remembered.get(query) is document_ast:
        return []
    errors = validate(schema, document_ast, [Bounded], max_errors) or validate(schema, document_ast, rules, max_errors)
    if not errors and query:
        remembered.put(query, document_ast)
    return errors
