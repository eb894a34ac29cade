"""Database guards that `migrate` puts up each time it ran: rights of the application's role, and
triggers on append-only tables (an UPDATE of zero rows passes a row trigger, so the right goes too)."""

from collections.abc import Iterator

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

_REFUSE = """
CREATE OR REPLACE FUNCTION core_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused; correct by a new row', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'restrict_violation';
END $$
"""


def append_only_models() -> Iterator[type[models.Model]]:
    """Every model whose rows are written once."""
    for model in apps.get_models():
        if getattr(model, "is_append_only", False):
            yield model


def application_role() -> str:
    """The role in DATABASE_URL."""
    return str(settings.DATABASES["default"]["USER"])


def install(connection: BaseDatabaseWrapper) -> None:
    """Put up the triggers and, where the migrating role is another than the application's, the rights."""
    role = application_role()
    existing = set(connection.introspection.table_names())
    tables = [model._meta.db_table for model in append_only_models() if model._meta.db_table in existing]
    with connection.cursor() as cursor:
        cursor.execute(_REFUSE)
        for table in tables:
            for name, level, events in (("row", "ROW", "UPDATE OR DELETE"), ("all", "STATEMENT", "TRUNCATE")):
                cursor.execute(
                    sql.SQL(
                        "CREATE OR REPLACE TRIGGER {} BEFORE {} ON {} FOR EACH {} EXECUTE FUNCTION core_refuse_change()"
                    ).format(
                        sql.Identifier(f"append_only_{name}"),
                        sql.SQL(events),
                        sql.Identifier(table),
                        sql.SQL(level),
                    )
                )
        cursor.execute("SELECT current_user")
        if cursor.fetchone()[0] != role:
            _grant(cursor, role, tables)


def _grant(cursor: object, role: str, append_only: list[str]) -> None:
    name = sql.Identifier(role)
    statements = [
        sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(name),
        sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}").format(name),
        sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}").format(name),
        sql.SQL("REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {}").format(name),
    ]
    statements += [
        sql.SQL("REVOKE UPDATE, DELETE, TRUNCATE ON {} FROM {}").format(sql.Identifier(table), name)
        for table in append_only
    ]
    for statement in statements:
        cursor.execute(statement)  # type: ignore[attr-defined]  # Django's cursor wrapper has no common type
