"""The server's connection to the broker. Every message is signed before it gets here.

paho runs its own thread; results come back to the event loop. A message handed over while the
broker is away is kept by paho and sent on reconnecting, so its future simply resolves later.
"""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from protos.operation.logs import say

log = logging.getLogger(__name__)

_KEEPALIVE_SECONDS = 15
_PAUSE_SECONDS = 1
_QUEUED = 4096
"""paho's own queue; the relay keeps far less in flight, claims fill the rest and may be lost."""


class Quality(IntEnum):
    """MQTT's quality of service."""

    AT_MOST_ONCE = 0
    AT_LEAST_ONCE = 1


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker listens."""

    host: str
    port: int


class Publisher:
    """Publishes as the server's own user; subscribes to nothing."""

    def __init__(
        self,
        address: BrokerAddress,
        tls: ssl.SSLContext,
        client_id: str,
        in_flight: int,
        on_connected: Callable[[], None] = lambda: None,
    ) -> None:
        """``on_connected`` is called on the event loop after each connection, the first too."""
        self._address = address
        self._on_connected = on_connected
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self.connected = False
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id)
        self._client.tls_set_context(tls)
        self._client.max_inflight_messages_set(in_flight)
        self._client.max_queued_messages_set(_QUEUED)
        self._client.reconnect_delay_set(_PAUSE_SECONDS, _PAUSE_SECONDS)
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._disconnected
        self._client.on_publish = self._published

    def start(self) -> None:
        """Connect, and again whenever the connection breaks. Returns at once."""
        self._loop = asyncio.get_running_loop()
        self._client.connect_async(self._address.host, self._address.port, _KEEPALIVE_SECONDS)
        self._client.loop_start()

    async def stop(self) -> None:
        """Disconnect; what was not acknowledged stays unsent in the outbox."""
        loop = asyncio.get_running_loop()
        self._client.disconnect()
        await loop.run_in_executor(None, self._client.loop_stop)
        for future in self._waiting.values():
            future.cancel()
        self._waiting.clear()

    def publish(self, topic: str, payload: bytes, quality: Quality) -> asyncio.Future[None]:
        """Hand a message over. The future resolves when the broker has acknowledged it (for
        AT_MOST_ONCE: when it was written to the socket). Never blocks."""
        assert self._loop is not None  # started first
        future: asyncio.Future[None] = self._loop.create_future()
        info = self._client.publish(topic, payload, qos=int(quality))
        if info.rc == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
            future.cancel()
            return future
        # the acknowledgement reaches the loop by call_soon: it cannot overtake this line
        self._waiting[info.mid] = future
        return future

    def _connected(
        self, _client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _props: Any
    ) -> None:
        self._on_loop(self._now_connected, reason)

    def _disconnected(
        self, _client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _props: Any
    ) -> None:
        self._on_loop(self._now_disconnected, reason)

    def _published(
        self, _client: mqtt.Client, _data: Any, mid: int, _reason: Any, _props: Any
    ) -> None:
        self._on_loop(self._acknowledged, mid)

    def _now_connected(self, reason: ReasonCode) -> None:
        if reason.is_failure:
            say(log, logging.ERROR, "broker refuses the server", reason=str(reason))
            return
        self.connected = True
        say(log, logging.INFO, "connected to the broker")
        self._on_connected()

    def _now_disconnected(self, reason: ReasonCode) -> None:
        if self.connected:
            say(log, logging.WARNING, "connection to the broker lost", reason=str(reason))
        self.connected = False

    def _acknowledged(self, mid: int) -> None:
        future = self._waiting.pop(mid, None)
        if future is not None and not future.done():
            future.set_result(None)

    def _on_loop(self, call: Callable[..., None], *arguments: object) -> None:
        assert self._loop is not None  # started first
        with contextlib.suppress(RuntimeError):  # the loop closed while paho's thread was ending
            self._loop.call_soon_threadsafe(call, *arguments)
