"""A revision of the directory, so that posting engines may remember it between batches."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

WATCHED = (
    "services",
    "shops",
    "shop_services",
    "terminals",
    "terminal_numbers",
    "service_terms",
)


def upgrade() -> None:
    op.create_table(
        "directory_revision",
        sa.Column("singleton", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("singleton = 1", name=op.f("ck_directory_revision_singleton")),
        sa.PrimaryKeyConstraint("singleton", name=op.f("pk_directory_revision")),
    )
    op.execute("INSERT INTO directory_revision (singleton, revision) VALUES (1, 1)")
    if op.get_bind().dialect.name == "postgresql":
        _watch_postgresql()
    else:
        _watch_sqlite()


def _watch_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION choba_directory_changed() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN UPDATE directory_revision SET revision = revision + 1; RETURN NULL; END $$"
    )
    for table in WATCHED:
        op.execute(
            f"CREATE TRIGGER {table}_changed AFTER INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION choba_directory_changed()"
        )


def _watch_sqlite() -> None:
    for table in WATCHED:
        for what in ("INSERT", "UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_changed_{what.lower()} AFTER {what} ON {table} "
                "BEGIN UPDATE directory_revision SET revision = revision + 1; END"
            )
