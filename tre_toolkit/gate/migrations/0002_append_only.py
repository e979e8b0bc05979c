"""The journal takes new rows only: the database itself refuses to change or delete one."""

from typing import Any

from django.db import migrations

SQLITE = """
CREATE TRIGGER journal_keeps_{0} BEFORE {0} ON gate_journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END
"""
POSTGRES = (
    """
    CREATE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$
    """,
    """
    CREATE TRIGGER journal_keeps BEFORE UPDATE OR DELETE OR TRUNCATE ON gate_journal
    FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only()
    """,
)


def guard(apps: Any, editor: Any) -> None:
    """Have the database guard the journal."""
    if editor.connection.vendor == "sqlite":
        editor.execute(SQLITE.format("UPDATE"))
        editor.execute(SQLITE.format("DELETE"))
    else:
        for statement in POSTGRES:
            editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("gate", "0001_first")]
    operations = [migrations.RunPython(guard)]
