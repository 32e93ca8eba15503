"""The reference of the counter's reaction: one bare message through the same broker."""

import secrets
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from device.links.enrolment import enrol
from device.links.identity import IdentityStore
from protos import topics
from protos.units import TerminalId
from tools.harness.process import StageError
from tools.harness.stack import Stack

PAYLOAD_BYTES = 500
"""About what a signed payment with two legs weighs."""
_TERMINAL = TerminalId("T-000431")
_WAIT_S = 10.0


class Rounds:
    """A publisher with the server's certificate, a subscriber with a terminal's; QoS 1, TLS."""

    def __init__(self, publisher: mqtt.Client, subscriber: mqtt.Client) -> None:
        self._publisher = publisher
        self._arrived = threading.Event()
        self._at = 0.0
        subscriber.on_message = self._received
        self.milliseconds: list[float] = []

    def run(self, count: int) -> None:
        """One message at a time; from the call to publish to the subscriber's callback."""
        for _ in range(count):
            payload = secrets.token_bytes(PAYLOAD_BYTES)
            self._arrived.clear()
            began = time.perf_counter()
            self._publisher.publish(topics.payments(_TERMINAL), payload, qos=1)
            if not self._arrived.wait(_WAIT_S):
                raise StageError("bare MQTT: a message did not arrive")
            self.milliseconds.append((self._at - began) * 1000)

    def _received(self, *_: Any) -> None:
        self._at = time.perf_counter()
        self._arrived.set()


@contextmanager
def mqtt_rounds(stack: Stack, folder: Path) -> Iterator[Rounds]:
    """Two clients on the stack's own mosquitto; a terminal is enrolled for the second."""
    keys, store = stack.server_dir / "keys", IdentityStore(folder)
    code = stack.issue_pairing_code(_TERMINAL)
    store.save(enrol("127.0.0.1", stack.plan.ports.public, code))
    files, port = store.files(), stack.plan.ports.broker
    ca = keys / "ca.pem"
    publisher = _client("bench-publisher", ca, keys / "broker-client", port, "")
    subscriber = _client(_TERMINAL, ca, files, port, topics.payments(_TERMINAL))
    try:
        yield Rounds(publisher, subscriber)
    finally:
        for client in (publisher, subscriber):
            client.disconnect()
            client.loop_stop()


def _client(name: str, ca: Path, identity: Path, port: int, topic: str) -> mqtt.Client:
    context = ssl.create_default_context(cafile=str(ca))
    if identity.is_dir():
        context.load_cert_chain(identity / "certificate.pem", identity / "key.pem")
    else:
        context.load_cert_chain(identity.with_suffix(".pem"), identity.with_suffix(".key"))
    ready = threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name)
    client.tls_set_context(context)

    def on_connect(*_: Any) -> None:
        if topic:
            client.subscribe(topic, qos=1)
        else:
            ready.set()

    client.on_connect = on_connect
    client.on_subscribe = lambda *_: ready.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    if not ready.wait(_WAIT_S):
        raise StageError(f"bare MQTT: {name} was not connected")
    return client
