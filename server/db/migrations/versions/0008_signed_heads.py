"""Signed heads of lanes, money in, and chains over accounts and voids, which no entry covers.

What is there already is taken into the new chains as it stands now.
"""

import hashlib
import struct
from itertools import groupby

import sqlalchemy as sa
from alembic import op

from server.db.guards import protect_books

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BOOKS = ("account_digests", "pay_ins", "sale_voids", "signed_heads")


def upgrade() -> None:
    op.create_table(
        "account_digests",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account_digests")),
    )
    op.create_table(
        "pay_ins",
        sa.Column("pay_in_id", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("source", sa.SmallInteger(), nullable=False),
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reference_hash", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_pay_ins_amount_positive")),
        sa.PrimaryKeyConstraint("pay_in_id", name=op.f("pk_pay_ins")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_pay_ins_idempotency_key")),
    )
    op.create_table(
        "pay_in_references",
        sa.Column("pay_in_id", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pay_in_id", name=op.f("pk_pay_in_references")),
    )
    op.create_table(
        "sale_voids",
        sa.Column("terminal_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sale_number", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("terminal_number", "number", name=op.f("pk_sale_voids")),
        sa.UniqueConstraint(
            "terminal_number", "sale_number", name=op.f("uq_sale_voids_terminal_number_sale_number")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "signed_heads",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("signed_at", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_signed_heads")),
    )
    connection = op.get_bind()
    op.execute("INSERT INTO counters (name, value) VALUES ('signed_head', 0)")
    _take_in_accounts(connection)
    _take_in_voids(connection)
    protect_books(connection, BOOKS)


def _take_in_accounts(connection: sa.Connection) -> None:
    """As server/ledger/layout.py had it when this migration was written."""
    ledger = connection.execute(sa.text("SELECT ledger_id FROM ledger_identity")).scalar_one()
    digest = hashlib.sha256(b"choba-accounts-v1" + ledger.encode("ascii")).digest()
    accounts = connection.execute(
        sa.text("SELECT account_id, kind, owner, service_id FROM accounts ORDER BY account_id")
    ).all()
    rows = []
    for account_id, kind, owner, service_id in accounts:
        service = service_id.encode("utf-8")
        facts = struct.pack(">qhqH", account_id, kind, owner, len(service))
        digest = hashlib.sha256(b"choba-account-v1" + digest + facts + service).digest()
        rows.append({"account_id": account_id, "digest": digest})
    if rows:
        insert = "INSERT INTO account_digests (account_id, digest) VALUES (:account_id, :digest)"
        connection.execute(sa.text(insert), rows)


def _take_in_voids(connection: sa.Connection) -> None:
    """As server/payments/voids.py had it when this migration was written."""
    voids = connection.execute(
        sa.text(
            "SELECT terminal_number, sale_number, decided_at FROM sale_outcomes WHERE state = 3 "
            "ORDER BY terminal_number, decided_at, sale_number"
        )
    ).all()
    rows = []
    for terminal, group in groupby(voids, key=lambda void: void.terminal_number):
        digest = hashlib.sha256(b"choba-voids-v1" + struct.pack(">q", terminal)).digest()
        for number, (_, sale, at) in enumerate(group, start=1):
            facts = struct.pack(">qqqq", terminal, number, sale, at)
            digest = hashlib.sha256(b"choba-void-v1" + digest + facts).digest()
            rows.append({"terminal": terminal, "number": number, "sale": sale, "digest": digest})
    if rows:
        insert = "INSERT INTO sale_voids VALUES (:terminal, :number, :sale, :digest)"
        connection.execute(sa.text(insert), rows)
