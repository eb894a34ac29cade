"""The table as rows, and the resolver as the list of what must stand in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.urls import URLPattern, URLResolver, get_resolver

COLUMNS = (
    "anonymous",
    "researcher",
    "member",
    "lead",
    "reviewer",
    "grants_officer",
    "operations",
    "finance",
    "privacy_officer",
    "facilitator",
    "donor_contact",
    "admin",
)
FEW = ("anonymous", "researcher", "admin")
HERE = Path(__file__).parent
VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Row:
    """What each column gets for one method on one address; `variant` names another object than the usual one.

    A row of two statuses is for anonymous people and for everybody else, whatever their roles: sign-in pages, and
    protocols that know tokens only. It is tried with `FEW`.
    """

    name: str
    variant: str
    method: str
    statuses: tuple[int, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Who is tried."""
        return COLUMNS if len(self.statuses) == len(COLUMNS) else FEW

    @property
    def wanted(self) -> tuple[int, ...]:
        """The status of each of them."""
        return self.statuses if self.columns == COLUMNS else (self.statuses[0], *self.statuses[1:] * (len(FEW) - 1))

    @property
    def key(self) -> str:
        """As it stands in the table and in ADDRESSES."""
        return f"{self.name}@{self.variant}" if self.variant else self.name

    def line(self, statuses: tuple[int, ...] | None = None) -> str:
        """The row as a line of the table."""
        return f"{self.key:42} {self.method:6} {' '.join(map(str, statuses or self.wanted))}"


def rows() -> list[Row]:
    """Every row of every file; a line `… GET,POST …` gives two."""
    return [row for file in sorted(HERE.glob("*.txt")) for row in _rows_of(file)]


def _rows_of(file: Path) -> Iterator[Row]:
    for line in file.read_text().splitlines():
        text = line.partition("#")[0].split()
        if not text:
            continue
        key, methods, *statuses = text
        if len(statuses) not in {2, len(COLUMNS)}:
            raise ValueError(f"{file.name}: {len(statuses)} statuses in: {line}")
        name, _, variant = key.partition("@")
        for method in methods.split(","):
            yield Row(name, variant, method, tuple(map(int, statuses)))


def addresses() -> Iterator[tuple[str, URLPattern]]:
    """(name with its namespaces, pattern) of every address of the platform but the back office's."""
    yield from _walk(get_resolver(), ())


def _walk(resolver: URLResolver, spaces: tuple[str, ...]) -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = (*spaces, pattern.namespace) if pattern.namespace else spaces
            if inner != ("admin",):
                yield from _walk(pattern, inner)
        elif pattern.name:  # allauth redirects its old addresses from patterns without a name
            yield ":".join([*spaces, pattern.name]), pattern


def methods_of(pattern: URLPattern) -> list[str]:
    """What must stand in the table: a class says what it answers, a function may be asked to read and to write."""
    view = getattr(pattern.callback, "cls", None)
    if view is None:
        return ["GET", "POST"]
    return [verb for verb in VERBS if hasattr(view, verb.lower())]
