"""A client of the broker as a device is one: its certificate, a persistent session, QoS 1."""

import asyncio
import ssl
from pathlib import Path
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion


def client_tls(ca_pem: str, folder: Path, key_pem: bytes, certificate_pem: bytes) -> ssl.SSLContext:
    """A context that shows this certificate; the files stay in ``folder``."""
    folder.mkdir(exist_ok=True)
    (folder / "key.pem").write_bytes(key_pem)
    (folder / "certificate.pem").write_bytes(certificate_pem)
    context = ssl.create_default_context(cadata=ca_pem)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


class MqttDevice:
    """Collects what it receives, in order; reconnects by itself."""

    def __init__(
        self, client_id: str, tls: ssl.SSLContext, port: int, *, clean: bool = False
    ) -> None:
        """``clean``: what the broker kept for this client id is thrown away."""
        self.received: list[tuple[str, bytes]] = []
        self.subscribed = asyncio.Event()
        self.connections = 0
        self._arrived = asyncio.Event()
        self._topics: list[tuple[str, int]] = []
        self._loop = asyncio.get_running_loop()
        self._port = port
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=clean
        )
        self.client.tls_set_context(tls)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = self._on_subscribe
        self.client.on_message = self._on_message

    async def start(self, *topics: str) -> None:
        """Connect and subscribe; returns when the broker has answered."""
        self._topics = [(topic, 1) for topic in topics]
        self.client.connect_async("127.0.0.1", self._port)
        self.client.loop_start()
        if topics:
            await asyncio.wait_for(self.subscribed.wait(), 10)

    async def stop(self) -> None:
        self.client.disconnect()
        await asyncio.to_thread(self.client.loop_stop)

    async def wait_for(self, count: int, seconds: float = 10) -> list[tuple[str, bytes]]:
        """The first ``count`` messages or more."""
        async with asyncio.timeout(seconds):
            while len(self.received) < count:
                self._arrived.clear()
                await self._arrived.wait()
        return self.received

    async def wait_for_different(self, count: int, seconds: float = 10) -> None:
        """Until so many different messages are here; each may have come more than once."""
        async with asyncio.timeout(seconds):
            while len(set(self.received)) < count:
                self._arrived.clear()
                await self._arrived.wait()

    def _on_connect(self, client: mqtt.Client, *_rest: Any) -> None:
        self.connections += 1
        if self._topics:
            client.subscribe(self._topics)

    def _on_subscribe(self, *_arguments: Any) -> None:
        self._loop.call_soon_threadsafe(self.subscribed.set)

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        self._loop.call_soon_threadsafe(self._keep, message.topic, bytes(message.payload))

    def _keep(self, topic: str, payload: bytes) -> None:
        self.received.append((topic, payload))
        self._arrived.set()
