"""The API's operations as its own OpenAPI file says, with a body for each that is nearly right."""

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from drf_spectacular.generators import SchemaGenerator

from tests.factories.world import World
from tests.permissions.table import addresses

WRITING = ("post", "put", "patch")


@dataclass(frozen=True)
class Operation:
    """A method on a path; `properties` are the fields of its JSON body, None where it takes no JSON."""

    method: str
    path: str
    properties: Mapping[str, Any] | None
    takes_body: bool

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"


@functools.cache
def schema() -> dict[str, Any]:
    """The OpenAPI file."""
    return SchemaGenerator().get_schema(request=None, public=True)


def operations() -> Iterator[Operation]:
    """Every writing operation."""
    for path, methods in schema()["paths"].items():
        for method in WRITING:
            if method in methods:
                content = methods[method].get("requestBody", {}).get("content", {})
                body = content.get("application/json", {}).get("schema")
                fields = _fields(body) if body is not None else None
                yield Operation(method, path, fields, bool(content))


def named(path: str) -> str:
    """The URL name of a path of the OpenAPI file."""
    route = path.removeprefix("/api/v1/")
    for name, pattern in addresses():
        if name.startswith("api:") and _braced(str(pattern.pattern)) == route:
            return name
    raise LookupError(path)


def _braced(route: str) -> str:
    """`pledges/<str:public_id>` as the OpenAPI file writes it: `pledges/{public_id}`."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)


def _resolved(part: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in part or len(part.get("allOf", ())) == 1:
        if "$ref" not in part:
            part = part["allOf"][0]
            continue
        found: Any = schema()
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        part = found
    return part


def _fields(body: Mapping[str, Any]) -> Mapping[str, Any]:
    body = _resolved(body)
    if "oneOf" in body:
        body = _resolved(body["oneOf"][0])
    return dict(body.get("properties", {}))


def example(part: Mapping[str, Any], name: str, world: World) -> Any:
    """A value that a field would take, or nearly."""
    known = {
        "donor": world.given.donor.public_id,
        "pledge": world.given.pledge.public_id,
        "provider": world.given.cluster.provider.public_id,
        "project": world.granted.project.public_id,
        "allocation": world.granted.allocation.public_id,
        "artifact": world.shown.hidden.public_id,
        "job": world.done.finished.public_id,
        "type": "cpu-host",
        "type_slug": "cpu-host",
        "recipe": "pretrain_lm",
        "handle": "swahili",
        "email": world.people["researcher"].email,
    }
    if name in known:
        return known[name]
    part = _resolved(part)
    if "oneOf" in part or "anyOf" in part:
        return example((part.get("oneOf") or part["anyOf"])[0], "", world)
    if "enum" in part:
        return part["enum"][0]
    match part.get("type"):
        case "object":
            return {key: example(inner, key, world) for key, inner in part.get("properties", {}).items()}
        case "array":
            return [example(part["items"], "", world)]
        case "integer":
            return max(1, int(part.get("minimum", 1)))
        case "number":
            return 1.0
        case "boolean":
            return False
    formats = {"date-time": "2030-01-01T00:00:00Z", "date": "2030-01-01", "uri": "https://example.org", "decimal": "1"}
    return formats.get(part.get("format", ""), "fresh")


def body_of(operation: Operation, world: World) -> dict[str, Any]:
    """A body that is nearly right."""
    return {name: example(part, name, world) for name, part in (operation.properties or {}).items()}
