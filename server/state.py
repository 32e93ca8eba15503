"""Where the server keeps what must survive it: state folder and key files.

    STATE/choba.sqlite      the books, unless another database is set
    STATE/keys/             0700, each file 0600
        master.key          all keys of all terminals follow from it
        ca.key, ca.pem      the certificate authority
        server.key, .pem    what the listeners show
        operators           names, roles, hashes of tokens: ``server/operators.py``
        heads.key           signs where the books stand; heads-ID.pub, 0644, of each such key
    STATE/broker/           the server's own mosquitto

With $CREDENTIALS_DIRECTORY (systemd) a key of that name there is used instead of the file.
Keys are never in the database, in an argument or in the environment.
"""

import contextlib
import hashlib
import os
import secrets
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from protos.operation.redaction import Secret
from protos.operation.state_directory import state_directory

_PRIVATE_FILE = 0o600
_PRIVATE_FOLDER = 0o700
_PUBLIC_FILE = 0o644
MASTER_KEY_BYTES = 32


class KeyFileError(Exception):
    """A key file that cannot be used; the text names the file and the remedy."""

    code = "CHOBA_KEYS_UNUSABLE"


@dataclass(frozen=True, slots=True)
class StateFolder:
    """The folders of one server; made on first use."""

    root: Path

    @property
    def database(self) -> Path:
        """SQLite's file."""
        return self.root / "choba.sqlite"

    @property
    def broker(self) -> Path:
        """Everything of the server's own mosquitto."""
        return self.root / "broker"

    @property
    def keys(self) -> Path:
        """Key files."""
        return self.root / "keys"


def state_folder(option: Path | None, environment: Mapping[str, str]) -> StateFolder:
    """``--state-dir``, else $STATE_DIRECTORY, else ./var; made when it is not there."""
    # the books hold names and telephone numbers: nobody else on this machine reads them
    return StateFolder(state_directory(option, environment, "var"))


class KeyFiles:
    """Reads and makes key files; refuses one that others may read."""

    def __init__(self, folder: Path, credentials: Path | None = None) -> None:
        self._folder = folder
        self._credentials = credentials
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(_PRIVATE_FOLDER)

    @property
    def folder(self) -> Path:
        """Where this program writes keys itself."""
        return self._folder

    def path(self, name: str) -> Path:
        """Where a key stands: the service manager's credential if there is one."""
        if self._credentials is not None and (self._credentials / name).exists():
            return self._credentials / name
        return self._folder / name

    def exists(self, name: str) -> bool:
        """Whether it has been made or given."""
        return self.path(name).exists()

    def read(self, name: str) -> Secret[bytes]:
        """Raises KeyFileError when it is missing or open to others."""
        path = self.path(name)
        try:
            mode = path.stat().st_mode & 0o777
            data = path.read_bytes()
        except OSError as error:
            raise KeyFileError(f"{path}: cannot be read: {error.strerror}") from error
        if mode & 0o077 and path.parent == self._folder:
            raise KeyFileError(f"{path}: others may read it (mode {mode:o}); chmod 600 {path}")
        return Secret(data)

    def write(self, name: str, data: bytes) -> None:
        """Whole or not at all, durable, mode 0600."""
        write_private(self._folder / name, data)

    def read_or_make(self, name: str, make: Callable[[], bytes]) -> Secret[bytes]:
        """The key, made at first start."""
        if not self.exists(name):
            self.write(name, make())
        return self.read(name)

    def master_key(self) -> Secret[bytes]:
        """32 bytes, hexadecimal in the file ``master.key``; made at first start."""
        text = self.read_or_make("master.key", _new_key).reveal()
        return Secret(_bytes_of(text, self.path("master.key")))

    def heads_key(self) -> Secret[bytes]:
        """The 32 bytes that sign heads of the books, hexadecimal in ``heads.key``."""
        text = self.read_or_make("heads.key", _new_key).reveal()
        return Secret(_bytes_of(text, self.path("heads.key")))

    def new_heads_key(self) -> Secret[bytes]:
        """Replace ``heads.key``; the old one is gone, its public key stays.

        Raises KeyFileError for one that the service manager gives: replace the credential.
        """
        if self.path("heads.key").parent != self._folder:
            raise KeyFileError(
                f"{self.path('heads.key')}: is a credential; replace it where it is configured"
            )
        self.write("heads.key", _new_key())
        return self.heads_key()

    def keep_public_key(self, key_id: str, public: bytes) -> Path:
        """``heads-ID.pub``, hexadecimal: what an auditor takes away. Once written it stays."""
        path = self._folder / f"heads-{key_id}.pub"
        if not path.exists():
            write_private(path, public.hex().encode() + b"\n")
            path.chmod(_PUBLIC_FILE)
        return path


def write_private(path: Path, data: bytes, *, replace: bool = True) -> None:
    """Write a file whole or not at all, durable, readable by its owner alone.

    Raises FileExistsError where ``replace`` is False and the name is taken.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), _PRIVATE_FILE)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if not replace:
            _claim(path)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _claim(path: Path) -> None:
    """Take the name before the finished file moves there: of two who want it, one gets it.

    A crash right here leaves the file empty, never half written.
    """
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE))


def public_heads_keys(files: Iterable[Path]) -> dict[str, bytes]:
    """Public keys by the SHA-256 of each, whose first digits are the key's id.

    Raises KeyFileError for a file that holds none.
    """
    keys = (_bytes_of(_read(file), file) for file in files)
    return {hashlib.sha256(key).hexdigest()[:16]: key for key in keys}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be read: {error.strerror}") from error


def _bytes_of(text: bytes, path: Path) -> bytes:
    try:
        key = bytes.fromhex(text.decode("ascii"))
    except ValueError as error:
        raise KeyFileError(f"{path}: is not hexadecimal") from error
    if len(key) != MASTER_KEY_BYTES:
        raise KeyFileError(f"{path}: 64 hexadecimal digits are needed")
    return key


def _new_key() -> bytes:
    return secrets.token_hex(MASTER_KEY_BYTES).encode() + b"\n"
