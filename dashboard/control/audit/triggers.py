"""What the database itself refuses: changing an entry of the audit, and deleting one that no checkpoint covers."""

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

TABLE = "control_auditentry"
"""A migration that makes it anew, as SQLite does for a changed column, has to call `make` again."""
MAKE = {
    "sqlite": (
        """
        CREATE TRIGGER audit_no_update BEFORE UPDATE ON control_auditentry
        BEGIN SELECT RAISE(ABORT, 'entries of the audit cannot be changed'); END
        """,
        """
        CREATE TRIGGER audit_no_delete BEFORE DELETE ON control_auditentry
        WHEN NOT EXISTS (SELECT 1 FROM control_auditentry WHERE act = 'checkpoint' AND upto >= OLD.number)
        BEGIN SELECT RAISE(ABORT, 'entries of the audit are deleted only up to a checkpoint'); END
        """,
    ),
    "postgresql": (
        """
        CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' THEN
                IF EXISTS (SELECT 1 FROM control_auditentry WHERE act = 'checkpoint' AND upto >= OLD.number) THEN
                    RETURN OLD;
                END IF;
                RAISE EXCEPTION 'entries of the audit are deleted only up to a checkpoint';
            END IF;
            RAISE EXCEPTION 'entries of the audit cannot be changed';
        END $$
        """,
        """
        CREATE TRIGGER audit_no_update BEFORE UPDATE ON control_auditentry
        FOR EACH ROW EXECUTE FUNCTION audit_refuse()
        """,
        """
        CREATE TRIGGER audit_no_delete BEFORE DELETE ON control_auditentry
        FOR EACH ROW EXECUTE FUNCTION audit_refuse()
        """,
        """
        CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON control_auditentry
        FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()
        """,
    ),
}  # fmt: skip
DROP = {
    "sqlite": ("DROP TRIGGER IF EXISTS audit_no_update", "DROP TRIGGER IF EXISTS audit_no_delete"),
    "postgresql": ("DROP FUNCTION IF EXISTS audit_refuse() CASCADE",),
}


def make(_: object, editor: BaseDatabaseSchemaEditor) -> None:
    for statement in MAKE.get(editor.connection.vendor, ()):
        editor.execute(statement)


def drop(_: object, editor: BaseDatabaseSchemaEditor) -> None:
    for statement in DROP.get(editor.connection.vendor, ()):
        editor.execute(statement)
