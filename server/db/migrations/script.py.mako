"""${message}

Rules of a migration: forward only, tested from the last release's database with data in it; a new
book is guarded by ``protect_books``; a new table says its ``info["access"]`` in the schema; no
sequence that all writers share, no deferred constraint (distributed databases have neither).
"""

import sqlalchemy as sa
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
