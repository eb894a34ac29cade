"""GraphQL answered by field: the query is parsed, and each field asked of the object it stands on.

No schema: releases of the SDK rename operations and variables, fields stay.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError, parse
from graphql.language import ast
from graphql.utilities import value_from_ast_untyped

MAX_DEPTH = 20
MAX_FIELDS = 2_000
MAX_QUERY = 100_000

Node = Mapping[str, Any]
"""What a field gives: plain values, lists, nodes, or functions of the field's arguments that give those."""


class CannotAnswer(Exception):
    """Said to the client in `errors`."""


@dataclass(slots=True)
class Walk:
    """One operation being answered."""

    fragments: Mapping[str, ast.FragmentDefinitionNode]
    variables: Mapping[str, Any]
    fields: int = 0

    def select(self, node: Node, selection: ast.SelectionSetNode, depth: int) -> dict[str, Any]:
        """The selected fields of a node by their aliases."""
        if depth > MAX_DEPTH:
            raise CannotAnswer(f"The query is deeper than {MAX_DEPTH} levels.")
        answer: dict[str, Any] = {}
        for field in self.flattened(selection, frozenset()):
            self.fields += 1
            if self.fields > MAX_FIELDS:
                raise CannotAnswer(f"The query has more than {MAX_FIELDS} fields.")
            name = field.alias.value if field.alias else field.name.value
            value = self.complete(self.value_of(node, field), field, depth)
            if isinstance(value, dict) and isinstance(answer.get(name), dict):
                answer[name] |= value
            else:
                answer[name] = value
        return answer

    def flattened(self, selection: ast.SelectionSetNode, inside: frozenset[str]) -> list[ast.FieldNode]:
        """Fields with fragments spread and those left out that `@include` and `@skip` leave out."""
        fields: list[ast.FieldNode] = []
        for part in selection.selections:
            if not self.is_included(part.directives or ()):
                continue
            if isinstance(part, ast.FieldNode):
                fields.append(part)
            elif isinstance(part, ast.InlineFragmentNode):
                fields += self.flattened(part.selection_set, inside)
            elif isinstance(part, ast.FragmentSpreadNode):
                name = part.name.value
                if name in inside or name not in self.fragments or len(inside) >= MAX_DEPTH:
                    raise CannotAnswer(f"The fragment {name} is unknown or contains itself.")
                fields += self.flattened(self.fragments[name].selection_set, inside | {name})
            if len(fields) > MAX_FIELDS:
                raise CannotAnswer(f"The query has more than {MAX_FIELDS} fields.")
        return fields

    def is_included(self, directives: Sequence[ast.DirectiveNode]) -> bool:
        """What `@include(if:)` and `@skip(if:)` say."""
        for directive in directives:
            condition = self.arguments(directive.arguments or ()).get("if")
            if directive.name.value == "include" and not condition:
                return False
            if directive.name.value == "skip" and condition:
                return False
        return True

    def arguments(self, nodes: Sequence[ast.ArgumentNode]) -> dict[str, Any]:
        """Arguments with variables put in."""
        return {node.name.value: value_from_ast_untyped(node.value, dict(self.variables)) for node in nodes}

    def value_of(self, node: Node, field: ast.FieldNode) -> Any:
        """The raw value of a field; null for one that the node does not have."""
        value = node.get(field.name.value)
        return value(self.arguments(field.arguments or ())) if callable(value) else value

    def complete(self, value: Any, field: ast.FieldNode, depth: int) -> Any:
        """The value with its own selection applied."""
        if isinstance(value, list | tuple):
            return [self.complete(item, field, depth) for item in value]
        if isinstance(value, Mapping) and field.selection_set is not None:
            return self.select(value, field.selection_set, depth + 1)
        return value


def _variables(operation: ast.OperationDefinitionNode, given: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        if name in given:
            found[name] = given[name]
        elif definition.default_value is not None:
            found[name] = value_from_ast_untyped(definition.default_value)
        else:
            found[name] = None
    return found


def _operation(document: ast.DocumentNode, name: str | None) -> ast.OperationDefinitionNode:
    operations = [part for part in document.definitions if isinstance(part, ast.OperationDefinitionNode)]
    for operation in operations:
        if not name or (operation.name and operation.name.value == name):
            return operation
    raise CannotAnswer("There is no such operation in the query.")


def answer(
    query: str,
    variables: Mapping[str, Any],
    operation_name: str | None,
    roots: Mapping[str, Callable[[Mapping[str, Any]], Any]],
) -> dict[str, Any]:
    """The `data` of the answer. Raises CannotAnswer for what is malformed, too large or not built."""
    if len(query) > MAX_QUERY:
        raise CannotAnswer(f"The query is longer than {MAX_QUERY} characters.")
    try:
        document = parse(query, no_location=True, max_tokens=20_000)
    except (GraphQLError, RecursionError) as error:
        raise CannotAnswer(f"The query cannot be read: {error}") from error
    operation = _operation(document, operation_name)
    fragments = {part.name.value: part for part in document.definitions if isinstance(part, ast.FragmentDefinitionNode)}
    walk = Walk(fragments, _variables(operation, variables))
    unknown = {
        field.name.value
        for field in walk.flattened(operation.selection_set, frozenset())
        if field.name.value not in roots
    }
    if unknown:
        raise CannotAnswer(f"Not answered by this tracker: {', '.join(sorted(unknown))}.")
    return walk.select(roots, operation.selection_set, 1)
