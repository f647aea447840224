"""Bounds on a query, so that a small request cannot ask for an enormous answer."""

from __future__ import annotations

from graphql import FieldNode, FragmentSpreadNode, GraphQLError, InlineFragmentNode, SelectionSetNode, ValidationRule
from graphql.language import OperationDefinitionNode

MAX_BODY = 256 * 1024
"""Bytes of a request."""
MAX_DEPTH = 15
MAX_FIELDS = 2_000
"""Fields of one operation with its fragments written out."""


class Bounded(ValidationRule):
    """Refuses an operation that is nested too deep or names too many fields. Fragment cycles are another rule's business."""

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: object) -> None:
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
