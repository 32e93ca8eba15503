"""The master key in memory, and what follows from it. Nothing here is ever written down."""

from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from protos.keys import TerminalKeys, terminal_keys, terminal_secret
from protos.units import TerminalNumber
from server.remembered import Remembered

_REMEMBERED: Final = 4096


class Keyring:
    """Derives the keys of terminals and of the desk. Its repr shows none.

    Raises ValueError when the master key is shorter than 32 bytes.
    """

    def __init__(self, master: bytes) -> None:
        self._master = master
        self._terminals: Final[Remembered[TerminalNumber, TerminalKeys]] = Remembered(_REMEMBERED)
        self.terminal_secret(TerminalNumber(0))
        self.ticket_key: Final = self.derive(b"choba-scan-ticket-v1")

    def terminal_secret(self, terminal: TerminalNumber) -> bytes:
        """What a device is given at enrolment (32 bytes)."""
        return terminal_secret(self._master, terminal)

    def terminal_keys(self, terminal: TerminalNumber) -> TerminalKeys:
        """QR, confirmation and announcement key of one enrolment; remembered, bounded."""
        known = self._terminals.get(terminal)
        if known is None:
            known = terminal_keys(self.terminal_secret(terminal))
            self._terminals.put(terminal, known)
        return known

    def derive(self, purpose: bytes) -> bytes:
        """A key (32 bytes) of the server itself for one purpose, e.g. session signatures."""
        info = b"choba-server-v1" + purpose
        kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info)
        return kdf.derive(self._master)

    def __repr__(self) -> str:
        return "Keyring(<secret>)"
