"""What makes a batch of payments cheap.

A revision of the directory, so that posting engines may remember it between batches. On PostgreSQL
rows that every payment changes stay where they are (room in each page, no index that names the
changed column).
"""

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


CHANGED_IN_PLACE = ("wallets", "lot_balances", "streams", "lanes")


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
        for table in CHANGED_IN_PLACE:
            op.execute(f"ALTER TABLE {table} SET (fillfactor = 80)")
        op.drop_index("ix_lot_balances_open", "lot_balances")
        op.create_index("ix_lot_balances_open", "lot_balances", ["owner"])
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
                f"CREATE TRIGGER {table}_changed_{what.lower()} AFTER {what} ON {table} "  # noqa: S608
                "BEGIN UPDATE directory_revision SET revision = revision + 1; END"
            )
