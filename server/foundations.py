"""What every part of a server stands on: state folder, keys, identity, the opened books."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from server.checkpoints import CheckpointPort
from server.clock import Clock
from server.db import Database, migrate, open_database
from server.directory import Keyring, KnownOwners
from server.fleet.authority import (
    CertificateAuthority,
    open_authority,
    open_server_identity,
    outward_address,
)
from server.fleet.key_marks import check_master_key
from server.identity import ServerIdentity
from server.lane_lease import LaneLease, take_lane
from server.ledger import (
    HeadKey,
    LedgerClock,
    deciding_clock,
    ledger_id,
)
from server.settings import Settings
from server.state import KeyFiles, StateFolder

log = logging.getLogger(__name__)

_WILDCARDS = frozenset({"0.0.0.0", "::", ""})


@dataclass(frozen=True, slots=True)
class Foundations:
    """What every other part stands on."""

    settings: Settings
    state: StateFolder
    keys: KeyFiles
    keyring: Keyring
    authority: CertificateAuthority
    identity: ServerIdentity
    database: Database
    owners: KnownOwners
    ledger_id: str
    head_key: HeadKey
    wallet_url: str
    lane: LaneLease
    clock: Clock
    """Of payments and of the ledger. Certificates are the machine clock's, as TLS checks them."""
    checkpoint: CheckpointPort

    @property
    def ledger_clock(self) -> LedgerClock:
        """The clock that decides, read after the locks."""
        return deciding_clock(self.database.kind, self.clock)


def lay_foundations(
    settings: Settings,
    state: StateFolder,
    environment: Mapping[str, str],
    clock: Clock,
    checkpoint: CheckpointPort,
) -> Foundations:
    """Keys, authority, database; made at first start. Blocking.

    Raises KeyFileError, DatabaseError, MasterKeyChangedError.
    """
    credentials = environment.get("CREDENTIALS_DIRECTORY")
    keys = KeyFiles(state.keys, Path(credentials) if credentials else None)
    now = datetime.now(UTC)
    authority = open_authority(keys, now)
    identity = open_server_identity(keys, authority, _names(settings), now)
    keyring = Keyring(keys.master_key().reveal())
    head_key = HeadKey(keys.heads_key().reveal())
    keys.keep_public_key(head_key.key_id, head_key.public)
    url = settings.database.url
    if not url:
        url = f"sqlite:///{state.database}"
        migrate(url)  # on PostgreSQL the schema is its owner's: choba db migrate
    database = open_database(url)
    try:
        database.write_now(lambda c: check_master_key(c, keyring))
        ledger = database.read_now(ledger_id)
        lane = take_lane(database, settings.database.lane)
    except BaseException:
        database.close_now()
        raise
    return Foundations(
        settings=settings,
        state=state,
        keys=keys,
        keyring=keyring,
        authority=authority,
        identity=identity,
        database=database,
        owners=KnownOwners(database),
        ledger_id=ledger,
        head_key=head_key,
        wallet_url=wallet_url(settings),
        lane=lane,
        clock=clock,
        checkpoint=checkpoint,
    )


def wallet_url(settings: Settings) -> str:
    """What the QR opens: the setting, or the first name or address that phones can reach."""
    if settings.web.wallet_url:
        return settings.web.wallet_url.rstrip("/")
    host = (*settings.tls.names, outward_address() or "localhost")[0]
    port = settings.web.https_port
    return f"https://{host}" if port == 443 else f"https://{host}:{port}"


def _names(settings: Settings) -> tuple[str, ...]:
    """Names that the certificate needs: the settings', the wallet's, each address listened on."""
    hosts = (
        settings.devices.host,
        settings.public.host,
        settings.web.host,
        settings.broker.host,
        urlsplit(settings.web.wallet_url).hostname or "",
    )
    return (*settings.tls.names, *(host for host in hosts if host not in _WILDCARDS))
