"""A certificate is renewed long before it ends, by the terminal itself."""

import asyncio
import datetime as dt
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace

import grpc.aio

from device.links.calls import open_channel, reason_of
from device.links.clock import DeviceClock
from device.links.identity import Identity, IdentityStore, key_pem, new_key, request_der
from protos.choba.v1.terminal_service_pb2 import (
    RenewCertificateRequest,
    RenewCertificateResponse,
)
from protos.choba.v1.terminal_service_pb2_grpc import TerminalServiceStub
from protos.operation.logs import say

log = logging.getLogger(__name__)

RENEW_BEFORE = dt.timedelta(days=10)
LOOK_EVERY_S = 3_600.0
DEADLINE_S = 15.0


def is_due(identity: Identity, now: dt.datetime) -> bool:
    """Whether the certificate has 10 days or less (of its 30)."""
    return identity.certificate.not_valid_after_utc - now <= RENEW_BEFORE


class Renewal:
    """Looks every hour; a new certificate comes with a new key."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        store: IdentityStore,
        identity: Identity,
        clock: DeviceClock,
        renewed: Callable[[Identity], Awaitable[None]],
    ) -> None:
        self._address = (host, port)
        self._store = store
        self._identity = identity
        self._clock = clock
        self._renewed = renewed

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            now = dt.datetime.fromtimestamp(self._clock.wall() / 1_000_000, dt.UTC)
            if is_due(self._identity, now):
                await self.renew()
            # spread, so that terminals enrolled together don't all come back together
            await asyncio.sleep(LOOK_EVERY_S * random.uniform(0.8, 1.2))  # noqa: S311 - jitter

    async def renew(self) -> bool:
        """One try. The old certificate stays until the new identity is on the disk."""
        key = new_key()
        channel = open_channel(*self._address, self._identity)
        try:
            answer: RenewCertificateResponse = await TerminalServiceStub(channel).RenewCertificate(
                RenewCertificateRequest(csr_der=request_der(key)), timeout=DEADLINE_S
            )
        except grpc.aio.AioRpcError as error:
            say(log, logging.WARNING, "certificate not renewed", reason=reason_of(error))
            return False
        finally:
            await channel.close(None)
        fresh = replace(
            self._identity, key_pem=key_pem(key), certificate_pem=answer.certificate_pem
        )
        await asyncio.to_thread(self._store.save, fresh)
        self._identity = fresh
        await self._renewed(fresh)
        say(
            log,
            logging.INFO,
            "certificate renewed",
            until=fresh.certificate.not_valid_after_utc.isoformat(),
        )
        return True
