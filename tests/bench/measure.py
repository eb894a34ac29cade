"""One page's cost: SQL, CPU of both processes that work for it, bytes."""

import os
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

ROUNDS = 20
TICKS = os.sysconf("SC_CLK_TCK")
MOST_SQL = 15
MOST_BYTES = 100_000
MOST_CPU_MS = 40
NOISE = 3  # only beyond this many times the bar is CPU a failure: machines are shared


@dataclass(frozen=True)
class Cost:
    """What one page costs at a number of rows."""

    name: str
    rows: int
    status: int
    sql: int
    ours_ms: float
    database_ms: float
    size: int

    @property
    def cpu_ms(self) -> float:
        """Of both processes together."""
        return self.ours_ms + self.database_ms

    @property
    def marks(self) -> str:
        """The bars that it is above, by their first letter; small for CPU within the noise."""
        cpu = "C" if self.cpu_ms > NOISE * MOST_CPU_MS else "c" if self.cpu_ms > MOST_CPU_MS else ""
        return ("S" if self.sql > MOST_SQL else "") + ("B" if self.size > MOST_BYTES else "") + cpu

    @property
    def is_beyond(self) -> bool:
        """A bar is broken, noise allowed for."""
        return self.status != 200 or bool({"S", "B", "C"} & set(self.marks))

    def __str__(self) -> str:
        size = f"{self.size / 1000:7.1f} KB"
        figures = f"{self.sql:3} SQL {self.cpu_ms:7.1f} ms ({self.ours_ms:5.1f} + {self.database_ms:4.1f}) {size}"
        return f"{self.name:34} {self.rows:6} rows {figures} {self.status} {self.marks}"


def backend_seconds() -> float:
    """CPU that the database's process for our connection has used."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def cost_of(name: str, address: str, client: Client, rows: int) -> Cost:
    """The page's cost: SQL and bytes of one answer, CPU as the median of ROUNDS plus the database's mean."""
    with CaptureQueriesContext(connection) as captured:
        response = client.get(address)
    sql = sum(not query["sql"].startswith(("SAVEPOINT", "RELEASE")) for query in captured.captured_queries)
    ours, before = [], backend_seconds()
    for _ in range(ROUNDS):
        started = time.process_time()
        client.get(address)
        ours.append(time.process_time() - started)
    theirs = (backend_seconds() - before) / ROUNDS
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return Cost(name, rows, response.status_code, sql, 1000 * statistics.median(ours), 1000 * theirs, len(body))
