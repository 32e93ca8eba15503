"""MQTT from the server: payments and claims, each proved by its MAC. The broker is not trusted.

A message that does not prove itself changes nothing: it is counted, logged without its content,
and forgotten. Its order and repetition are the core's business.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from google.protobuf.message import DecodeError
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from device.core.events import (
    BrokerLinkChanged,
    ClaimChanged,
    ClaimState,
    Event,
    PaymentArrived,
)
from device.core.payment import Via
from device.core.state import LinkState
from device.links.identity import Identity
from device.links.wire import WireError, payment_of
from protos import topics
from protos.choba.v1 import announcement_pb2 as pb
from protos.choba.v1.payment_pb2 import Payment as PaymentMessage
from protos.operation.logs import say
from protos.signed_message import Purpose, SignedMessageError, open_signed
from protos.units import Micros, SaleNumber, Sequence, Yen

log = logging.getLogger(__name__)

KEEPALIVE_S = 10
TELL_TIMEOUT_S = 30.0
Post = Callable[[Event], Coroutine[Any, Any, None]]

_CLAIMS = {
    pb.CLAIM_STATE_CLAIMED: ClaimState.CLAIMED,
    pb.CLAIM_STATE_RELEASED: ClaimState.RELEASED,
}


class MessageReader:
    """Turns a message into an event, if it proves that the server meant it for this terminal."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._key = identity.keys.announcement
        self.refused = 0
        """Messages that did not prove themselves."""

    def read(self, topic: str, data: bytes) -> Event | None:
        """The event of a message; None, and counted, for one that is not to be believed."""
        terminal = self._identity.terminal_id
        try:
            if topic == topics.payments(terminal):
                return self._payment(data)
            if topic == topics.claims(terminal):
                return self._claim(data)
        except (SignedMessageError, WireError, DecodeError) as error:
            self.refused += 1
            say(log, logging.WARNING, "message refused", code="CHOBA_MESSAGE_REFUSED", error=error)
        return None

    def _payment(self, data: bytes) -> Event:
        sequence, payload = self._open(Purpose.PAYMENT, data)
        message = PaymentMessage.FromString(payload)
        if message.sequence != sequence:
            raise WireError("sequence", "differs between the payment and its envelope")
        return PaymentArrived(payment_of(message, self._identity.terminal_number), Via.ANNOUNCED)

    def _claim(self, data: bytes) -> Event:
        revision, payload = self._open(Purpose.CLAIM, data)
        message = pb.ClaimUpdate.FromString(payload)
        state = _CLAIMS.get(message.state)
        if state is None:
            raise WireError("state", str(message.state))
        return ClaimChanged(
            SaleNumber(message.sale_number),
            state,
            Yen(message.amount_yen),
            Micros(message.expires_at_micros),
            revision,
        )

    def _open(self, purpose: Purpose, data: bytes) -> tuple[Sequence, bytes]:
        identity = self._identity
        return open_signed(self._key, purpose, identity.terminal_number, identity.ledger_id, data)


class BrokerLink:
    """The subscription of this terminal. paho's thread reads; events are posted on the loop."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        identity: Identity,
        files: Path,
        boot_id: str,
        now: Callable[[], Micros],
        post: Post,
    ) -> None:
        self._host, self._port = host, port
        self._terminal = identity.terminal_id
        self._reader = MessageReader(identity)
        self._boot_id = boot_id
        self._now = now
        self._post = post
        self._newest = self._connection = 0
        self._loop = asyncio.get_running_loop()
        self._client = self._new_client(files)

    def _new_client(self, files: Path) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._terminal,
            clean_session=False,
            reconnect_on_failure=True,
        )
        client.tls_set(
            ca_certs=str(files / "ca.pem"),
            certfile=str(files / "certificate.pem"),
            keyfile=str(files / "key.pem"),
            tls_version=ssl.PROTOCOL_TLS_CLIENT,
        )
        client.reconnect_delay_set(min_delay=1, max_delay=15)
        client.on_pre_connect = self._on_pre_connect
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    async def run(self) -> None:
        """Until cancelled."""
        self._client.connect_async(self._host, self._port, keepalive=KEEPALIVE_S)
        self._client.loop_start()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.to_thread(self._stop)

    def _stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def connected_as(self, connection_number: int) -> None:
        """The server gave this device a newer number: the next MQTT connection carries it.

        Status and last will of one MQTT connection bear the same number, or the server would
        ignore the will as an older connection's.
        """
        self._newest = connection_number

    def _publish_status(self) -> None:
        status = pb.TerminalStatus(
            connection_number=self._connection,
            online=True,
            boot_id=self._boot_id,
            at_micros=self._now(),
        )
        self._client.publish(
            topics.status(self._terminal), status.SerializeToString(), qos=1, retain=True
        )

    # --- on paho's thread -----------------------------------------------------------------

    def _tell(self, event: Event) -> None:
        if self._loop.is_closed():
            return
        posted = asyncio.run_coroutine_threadsafe(self._post(event), self._loop)
        try:
            # waits while the core's queue is full, so that paho reads no faster than we follow
            posted.result(TELL_TIMEOUT_S)
        except TimeoutError:
            posted.cancel()  # a payment comes again by pulling
            say(log, logging.ERROR, "event not taken", code="CHOBA_QUEUE_STUCK")

    def _on_pre_connect(self, client: mqtt.Client, userdata: object) -> None:
        self._connection = self._newest
        gone = pb.TerminalStatus(
            connection_number=self._connection, online=False, boot_id=self._boot_id
        )
        client.will_set(topics.status(self._terminal), gone.SerializeToString(), qos=1, retain=True)

    def _on_connect(
        self,
        client: mqtt.Client,
        userdata: object,
        flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._tell(BrokerLinkChanged(LinkState.REFUSED, str(reason)))
            return
        # subscribed anew each time: a broker that lost its sessions answers, and stays silent
        client.subscribe([(topics.payments(self._terminal), 1), (topics.claims(self._terminal), 0)])
        self._publish_status()

    def _on_subscribe(
        self,
        client: mqtt.Client,
        userdata: object,
        message_id: int,
        reasons: list[ReasonCode],
        properties: Properties | None,
    ) -> None:
        """Only now can a message come: before, a claim would be lost behind an "up" that is none.

        paho sends what a callback asks for after the callback, so on_connect must not wait.
        """
        refused = [reason for reason in reasons if reason.is_failure]
        if refused:
            self._tell(BrokerLinkChanged(LinkState.REFUSED, str(refused[0])))
            return
        say(log, logging.INFO, "broker link", link=LinkState.UP)
        self._tell(BrokerLinkChanged(LinkState.UP))

    def _on_disconnect(
        self,
        client: mqtt.Client,
        userdata: object,
        flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if not self._loop.is_closed() and not self._stopping(reason):
            say(log, logging.WARNING, "broker link", link=LinkState.DOWN, reason=str(reason))
            self._tell(BrokerLinkChanged(LinkState.DOWN, str(reason)))

    @staticmethod
    def _stopping(reason: ReasonCode) -> bool:
        return reason.value == 0  # we asked for it: nobody is left to tell

    def _on_message(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        event = self._reader.read(message.topic, bytes(message.payload))
        if event is not None:
            self._tell(event)
