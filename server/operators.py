"""Who may call OperatorService: names, roles and hashes of tokens, in ``keys/operators``.

A line is ``name:role:SHA-256 of the token, in hexadecimal``. Tokens have 256 bits of randomness
and stand nowhere: ``choba operator add`` shows one once. A running server notices a change of the
file at its next call.
"""

import fcntl
import hashlib
import logging
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from protos.operation.logs import say
from protos.operation.redaction import Secret
from server.refusal import Refusal, RefusalKind
from server.state import KeyFileError, KeyFiles

log = logging.getLogger(__name__)

FILE: Final = "operators"
_NAME: Final = re.compile(r"[^\s:#][^:\x00-\x1f\x7f]{0,63}")
_HASH: Final = re.compile(r"[0-9a-f]{64}")


class Role(StrEnum):
    """What an operator may do."""

    ADMIN = "admin"
    """Everything: terminals, keys of the house, and what the office does."""
    OFFICE = "office"
    """The office's daily work: grants, cancels, campaigns, and all reading."""
    AUDITOR = "auditor"
    """All reading, no writing."""
    WALLET = "wallet"
    """A wallet backend of the operator's own: pays for its customers, and nothing else."""


@dataclass(frozen=True, slots=True)
class OperatorLine:
    """One operator. ``token_hash``: SHA-256, hexadecimal."""

    name: str
    role: Role
    token_hash: str


class OperatorReason(StrEnum):
    """Stable codes."""

    NAME_INVALID = "CHOBA_OPERATOR_NAME_INVALID"
    NAME_TAKEN = "CHOBA_OPERATOR_NAME_TAKEN"
    UNKNOWN = "CHOBA_OPERATOR_UNKNOWN"
    ROLE = "CHOBA_OPERATOR_ROLE"


class OperatorRefused(Refusal):
    """Nothing was changed."""

    def __init__(self, code: OperatorReason, kind: RefusalKind, ja: str, en: str) -> None:
        super().__init__(
            code, kind, ja=ja, en=en, field="" if code is OperatorReason.ROLE else "name"
        )


class Operators:
    """The file of operators, read again whenever it has changed."""

    def __init__(self, keys: KeyFiles) -> None:
        self._keys = keys
        self._seen: tuple[int, ...] | None = None
        self._by_hash: dict[str, OperatorLine] = {}

    def by_token(self, token: Secret[str]) -> OperatorLine | None:
        """Whose token it is. Looked up by its hash, so that the time tells nothing of it.

        A file that cannot be used lets nobody in: an operator who was removed must not stay
        because of a slip of the pen.
        """
        self._refresh()
        return self._by_hash.get(_hash(token.reveal()))

    def all(self) -> tuple[OperatorLine, ...]:
        """In the file's order. Raises KeyFileError."""
        if not self._keys.exists(FILE):
            return ()
        path = self._keys.path(FILE)
        text = self._keys.read(FILE).reveal().decode("utf-8", "replace")
        lines = [line.strip() for line in text.splitlines()]
        return tuple(
            _line(line, f"{path}: line {number}")
            for number, line in enumerate(lines, start=1)
            if line and not line.startswith("#")
        )

    def check_name(self, name: str, *, taken: bool) -> None:
        """Raises OperatorRefused: a name that cannot be one, is taken, or is not there."""
        if not _NAME.fullmatch(name) or name != name.strip():
            raise OperatorRefused(
                OperatorReason.NAME_INVALID,
                RefusalKind.INVALID,
                "名前は 64 文字以内で、コロンや改行を含めないでください。",
                "name: needs 1 to 64 characters, no colon, no control characters, no blank ends",
            )
        known = any(line.name == name for line in self.all())
        if known and not taken:
            raise OperatorRefused(
                OperatorReason.NAME_TAKEN,
                RefusalKind.CONFLICT,
                f"「{name}」は既に登録されています。先に削除するか、別の名前をお使いください。",
                f"name: {name} is there already; remove it first, or use another name",
            )
        if taken and not known:
            raise OperatorRefused(
                OperatorReason.UNKNOWN,
                RefusalKind.NOT_FOUND,
                f"「{name}」は登録されていません。「choba operator list」でご確認ください。",
                f"name: there is no operator {name}; see choba operator list",
            )

    def add(self, name: str, role: Role) -> Secret[str]:
        """The new operator's token, which nothing keeps. Raises OperatorRefused, KeyFileError."""
        token = secrets.token_urlsafe(32)
        with self._alone():
            self.check_name(name, taken=False)
            self._write((*self.all(), OperatorLine(name, role, _hash(token))))
        return Secret(token)

    def remove(self, name: str) -> None:
        """The token is refused from the next call on. Raises OperatorRefused, KeyFileError."""
        with self._alone():
            self.check_name(name, taken=True)
            self._write(tuple(line for line in self.all() if line.name != name))

    def _write(self, lines: tuple[OperatorLine, ...]) -> None:
        text = "".join(f"{line.name}:{line.role.value}:{line.token_hash}\n" for line in lines)
        self._keys.write(FILE, text.encode("utf-8"))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two commands at once: the second sees what the first has written."""
        if self._keys.exists(FILE) and self._keys.path(FILE).parent != self._keys.folder:
            raise KeyFileError(
                f"{self._keys.path(FILE)}: is a credential of the service manager; "
                "change it where it is configured"
            )
        handle = os.open(self._keys.folder / f".{FILE}.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _refresh(self) -> None:
        try:
            at = self._keys.path(FILE).stat()
        except FileNotFoundError:
            self._seen, self._by_hash = None, {}
            return
        seen = (at.st_ino, at.st_mtime_ns, at.st_ctime_ns, at.st_size)
        if seen == self._seen:
            return
        try:
            self._by_hash = {line.token_hash: line for line in self.all()}
        except KeyFileError as error:
            self._by_hash = {}
            say(log, logging.ERROR, "no operator may call", code=error.code, error=str(error))
        else:
            say(log, logging.INFO, "operators read", count=len(self._by_hash))
        self._seen = seen


def _line(line: str, where: str) -> OperatorLine:
    name, _, rest = line.partition(":")
    role, _, token_hash = rest.partition(":")
    if not _NAME.fullmatch(name) or role not in set(Role) or not _HASH.fullmatch(token_hash):
        raise KeyFileError(f"{where}: is not name:role:hash; write it with choba operator add")
    return OperatorLine(name, Role(role), token_hash)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
