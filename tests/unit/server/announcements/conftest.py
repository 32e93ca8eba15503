"""A real mosquitto on a free port, with the certificates of an authority of its own."""

import datetime as dt
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from protos.units import TerminalId
from server.announcements.broker import Broker
from server.fleet.authority import CertificateAuthority, open_authority
from server.identity import SERVER_USER, ServerIdentity
from server.settings import BrokerSettings
from server.state import KeyFiles
from tests.support.devices import new_device_key
from tests.support.mqtt import MqttDevice, client_tls
from tests.support.ports import free_ports


@dataclass
class BrokerHouse:
    """The broker under test and who may talk to it."""

    broker: Broker
    authority: CertificateAuthority
    identity: ServerIdentity
    port: int
    folder: Path
    serials: dict[str, str]

    @property
    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)

    async def start(self, *revoked: str) -> None:
        crl = self.authority.revocation_list(revoked, self.now)
        await self.broker.start(self.identity, self.authority.pem, crl)

    def server_tls(self) -> ssl.SSLContext:
        own = self.authority.issue_identity(SERVER_USER, self.now, client=True)
        folder = self.folder / "server-client"
        return client_tls(self.authority.pem, folder, own.key_pem.reveal(), own.chain_pem)

    def device_tls(self, terminal: str) -> ssl.SSLContext:
        key = new_device_key()
        issued = self.authority.issue_terminal(key.csr_der, TerminalId(terminal), self.now)
        self.serials[terminal] = issued.serial
        folder = self.folder / terminal
        return client_tls(self.authority.pem, folder, key.key_pem, issued.pem.encode())

    def device(self, terminal: str) -> MqttDevice:
        return MqttDevice(terminal, self.device_tls(terminal), self.port)


@contextmanager
def broker_house(folder: Path) -> Iterator[BrokerHouse]:
    now = dt.datetime.now(dt.UTC)
    authority = open_authority(KeyFiles(folder / "keys"), now)
    identity = authority.issue_identity("choba-server", now, ("localhost", "127.0.0.1"))
    (port,) = free_ports(1)
    broker = Broker(folder / "broker", BrokerSettings(host="127.0.0.1", port=port))
    yield BrokerHouse(broker, authority, identity, port, folder, {})


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[BrokerHouse]:
    with broker_house(tmp_path) as house:
        await house.start()
        yield house
        await house.broker.stop()
