"""Pairing codes: issued by an operator, used once, short-lived, five tries (WIRE 3).

A code is kept sealed under a key that follows from the master key, because the server needs it to
prove the answer. Whoever has tried a wrong proof five times on a code has used it up.
"""

import secrets
from dataclasses import dataclass
from enum import IntEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, bindparam, insert, select, update

from protos import pairing
from protos.operation.redaction import Secret
from protos.units import Micros, TerminalId
from server.db.schema.fleet import pairing_codes as table

TRIES = 5
_NONCE_BYTES = 12


class CodeState(IntEnum):
    """A code is open once and never again."""

    OPEN = 1
    USED = 2
    VOID = 3
    """A newer one was issued, or it was tried too often."""


@dataclass(frozen=True, slots=True)
class OpenCode:
    """A code that can still be used, for the length of one transaction."""

    pairing_id: bytes
    terminal_id: TerminalId
    code: Secret[str]


class PairingCodes:
    """The table of codes. Callers hold the transaction."""

    def __init__(self, sealing_key: bytes) -> None:
        """``sealing_key``: 32 bytes, ``Keyring.derive(b"choba-pairing-store-v1")``."""
        self._seal = AESGCM(sealing_key)

    def issue(
        self, connection: Connection, terminal: TerminalId, by: str, now: Micros, expires: Micros
    ) -> str:
        """A new code; an open one of the same terminal is void from now on."""
        connection.execute(_VOID_OPEN, {"of_terminal": terminal})
        code = pairing.new_code()
        row = {
            "pairing_id": pairing.pairing_id(code),
            "terminal_id": terminal,
            "sealed_code": self._sealed(code),
            "issued_by": by,
            "issued_at": now,
            "expires_at": expires,
            "tries": 0,
            "state": CodeState.OPEN,
        }
        connection.execute(insert(table), row)
        return code

    def try_code(self, connection: Connection, pairing_id: bytes, now: Micros) -> OpenCode | None:
        """The code of this id if it can still be used; the try is counted in any case."""
        row = connection.execute(_COUNT_TRY, {"of_id": pairing_id, "now": now}).one_or_none()
        if row is None:
            return None
        return OpenCode(
            pairing_id, TerminalId(row.terminal_id), Secret(self._opened(row.sealed_code))
        )

    def use(self, connection: Connection, code: OpenCode) -> None:
        """Once: from now on it is used, and its text is gone."""
        connection.execute(_USE, {"of_id": code.pairing_id})

    def _sealed(self, code: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._seal.encrypt(nonce, code.encode("ascii"), None)

    def _opened(self, sealed: bytes) -> str:
        try:
            plain = self._seal.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
        except InvalidTag as error:  # the master key is checked at start: somebody wrote this row
            raise ValueError("pairing code: was not sealed by this server") from error
        return plain.decode("ascii")


_VOID_OPEN = (
    update(table)
    .where(table.c.terminal_id == bindparam("of_terminal"), table.c.state == CodeState.OPEN)
    .values(state=CodeState.VOID, sealed_code=b"")
)
_COUNT_TRY = (
    update(table)
    .where(
        table.c.pairing_id == bindparam("of_id"),
        table.c.state == CodeState.OPEN,
        table.c.expires_at > bindparam("now"),
        table.c.tries < TRIES,
    )
    .values(tries=table.c.tries + 1)
    .returning(table.c.terminal_id, table.c.sealed_code)
)
_USE = (
    update(table)
    .where(table.c.pairing_id == bindparam("of_id"))
    .values(state=CodeState.USED, sealed_code=b"")
)


def state_of(connection: Connection, pairing_id: bytes) -> CodeState | None:
    """What became of a code; for the operator's list and for tests."""
    value = connection.execute(
        select(table.c.state).where(table.c.pairing_id == pairing_id)
    ).scalar_one_or_none()
    return None if value is None else CodeState(value)
