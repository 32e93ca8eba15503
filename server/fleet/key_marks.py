"""Notices that the master key is another than the one this database was made with.

Every QR, code and announcement follows from the master key: starting with a new one would refuse
each terminal without a word why. The mark tells keys apart and gives nothing of them away.
"""

from sqlalchemy import Connection, insert, select

from server.db.schema.fleet import key_marks as table
from server.directory import Keyring

_PURPOSE = "master"


class MasterKeyChangedError(Exception):
    """The key file does not belong to this database."""

    code = "CHOBA_KEYS_MASTER_CHANGED"


def check_master_key(connection: Connection, keyring: Keyring) -> None:
    """Remembers the mark at first start. Raises MasterKeyChangedError."""
    mark = keyring.derive(b"choba-key-mark-v1")[:16]
    query = select(table.c.mark).where(table.c.purpose == _PURPOSE)
    kept = connection.execute(query).scalar_one_or_none()
    if kept is None:
        connection.execute(insert(table), {"purpose": _PURPOSE, "mark": mark, "version": 1})
    elif bytes(kept) != mark:
        raise MasterKeyChangedError(
            "keys/master.key: belongs to another database; put back the key that this one was "
            "made with (its backup), or name the other database in database.url"
        )
