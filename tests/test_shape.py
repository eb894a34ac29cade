"""The house keeps its shape: sizes, names and structure, read from the source with `ast`."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("institute", "grants", "compute", "deploy")
APPS = [
    ROOT / name
    for name in (
        "institute/people",
        "institute/catalog",
        "institute/staff",
        "grants/donors",
        "grants/funding",
        "compute/capacity",
        "compute/allocations",
        "compute/jobs",
        "compute/tracking",
    )
]
FURNITURE = {
    "__init__", "apps", "models", "enums", "actions", "queries", "rules", "events", "ports", "receivers", "tasks",
    "forms", "views", "api", "admin", "urls", "management", "templates", "migrations",
}  # fmt: skip
# What ARCHITECTURE draws beside the common furniture, and the adapters that a protocol needs.
OWN_ROOMS = {
    "people": {"access", "adapter", "authentication", "middleware", "schema", "tokens"},
    "jobs": {"backends"},
    "tracking": {"trackers", "answers", "job_environment", "panels", "records", "redaction"},
    "catalog": {"hub", "hosts", "finding", "formats", "job_inputs", "panels", "ports_filled", "templatetags"},
}  # fmt: skip
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}
STATUS_OWNERS = {"institute/core/states.py", "institute/core/outbox.py"}


@cache
def sources() -> tuple[Path, ...]:
    """Every Python file of ours but migrations and tests."""
    return tuple(
        path
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        if "migrations" not in path.parts and "__pycache__" not in path.parts
    )


@cache
def tree_of(path: Path) -> ast.Module:
    """The parsed file."""
    return ast.parse(path.read_text())


def place(path: Path, node: ast.AST | None = None) -> str:
    """How a finding names its place."""
    line = f":{node.lineno}" if node is not None and hasattr(node, "lineno") else ""
    return f"{path.relative_to(ROOT)}{line}"


def nodes(*kinds: type[ast.AST]) -> Iterator[tuple[Path, ast.AST]]:
    """Every node of these kinds in the house."""
    for path in sources():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, kinds):
                yield path, node


def length(node: ast.AST) -> int:
    """Lines that a definition takes, its decorators and docstring not counted."""
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    assert node.end_lineno is not None
    body = node.body
    first = body[0]
    documented = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    skipped = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return node.end_lineno - node.lineno + 1 - skipped


def too_long(measured: dict[str, int], limit: int) -> list[str]:
    """Places above a limit."""
    return [f"{where}: {lines} lines" for where, lines in measured.items() if lines > limit]


def share_within(measured: dict[str, int], limit: int) -> float:
    """Which part of the places keeps a limit."""
    return sum(lines <= limit for lines in measured.values()) / len(measured)


def test_files_have_at_most_400_lines_and_most_250() -> None:
    files = {place(path): len(path.read_text().splitlines()) for path in sources()}
    assert too_long(files, 400) == []
    assert share_within(files, 250) >= 0.9


def test_functions_have_at_most_50_lines_and_most_25() -> None:
    found = {place(path, node): length(node) for path, node in nodes(ast.FunctionDef, ast.AsyncFunctionDef)}
    assert too_long(found, 50) == []
    assert share_within(found, 25) >= 0.9


def test_classes_have_at_most_250_lines() -> None:
    assert too_long({place(path, node): length(node) for path, node in nodes(ast.ClassDef)}, 250) == []


def test_views_have_at_most_20_lines() -> None:
    found = {}
    for path, node in nodes(ast.FunctionDef, ast.AsyncFunctionDef):
        assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        is_view_file = path.stem == "views" or path.parent.name == "views"
        if is_view_file and node.args.args and node.args.args[0].arg == "request":
            found[place(path, node)] = length(node)
    assert too_long(found, 20) == []


def test_functions_take_at_most_seven_parameters() -> None:
    found = []
    for path, node in nodes(ast.FunctionDef, ast.AsyncFunctionDef):
        assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        names = [a.arg for a in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]]
        if len([name for name in names if name not in {"self", "cls"}]) > 7:
            found.append(place(path, node))
    assert found == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [place(path) for path in sources() if path.stem in FORBIDDEN_NAMES] == []


def test_imports_inside_functions_give_their_reason() -> None:
    found = []
    for path, function in nodes(ast.FunctionDef, ast.AsyncFunctionDef):
        lines = path.read_text().splitlines()
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert node.end_lineno is not None
                span = lines[node.lineno - 1 : node.end_lineno]
                if not any("#" in line for line in span):
                    found.append(place(path, node))
    assert sorted(set(found)) == []


def test_no_signal_receivers() -> None:
    found = []
    for path, node in nodes(ast.ImportFrom):
        assert isinstance(node, ast.ImportFrom)
        if (node.module or "").startswith(("django.dispatch", "django.db.models.signals")):
            found.append(place(path, node))
    assert found == []


def _assigns_status(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign):
        return any(isinstance(target, ast.Attribute) and target.attr == "status" for target in node.targets)
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"update", "bulk_update"}
    ):
        return any(keyword.arg == "status" for keyword in node.keywords)
    return False


def test_a_status_changes_in_one_function() -> None:
    found = [
        place(path, node)
        for path, node in nodes(ast.Assign, ast.Call)
        if _assigns_status(node)
        and place(path) not in STATUS_OWNERS
        and "backends" not in path.parts
        and "recipes" not in path.parts
        and "deploy" not in path.parts
        and "templatetags" not in path.parts
    ]
    assert found == []


def test_no_float_column_and_no_cascade() -> None:
    """But for what a training measured: that is a float by nature, and never money, hours or energy."""
    measured = ROOT / "compute/tracking/models/metric.py"
    found = []
    for path, node in nodes(ast.Attribute):
        assert isinstance(node, ast.Attribute)
        if path == measured and node.attr == "FloatField":
            continue
        if "models" in path.parts and node.attr in {"FloatField", "CASCADE", "SET_NULL"}:
            found.append(place(path, node))
    assert found == []


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)
def test_every_room_has_the_same_furniture(app: Path) -> None:
    own = OWN_ROOMS.get(app.name, set())
    there = {
        path.stem for path in app.iterdir() if path.suffix == ".py" or (path.is_dir() and path.name != "__pycache__")
    }
    assert there - FURNITURE - own == set()


def test_public_functions_of_a_surface_are_documented() -> None:
    surfaces = {"actions", "queries", "rules", "events", "ports"}
    found = []
    for path in sources():
        if path.stem not in surfaces and path.parent.name not in surfaces:
            continue
        for node in tree_of(path).body:
            is_public = isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
            if is_public and ast.get_docstring(node) is None:
                found.append(place(path, node))
    assert found == []
