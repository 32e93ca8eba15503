"""Calls about the books: money in, signed heads."""

import asyncio
import logging
from typing import Final

from sqlalchemy import Connection

from protos.choba.v1 import operator_books_pb2 as pb
from protos.operation.logs import say
from protos.units import Yen
from server.clock import Clock
from server.db import Database
from server.ledger import (
    HeadKey,
    PayIn,
    PayIns,
    PaySource,
    SignedHead,
    Unit,
    sign_heads,
    signed_heads_after,
)
from server.ledger.head_statement import parse_statement
from server.oversight import Act, record_act
from server.rpc.calls import Context
from server.rpc.errors import invalid_field, plain_text, whole_number
from server.rpc.operator import operator_name

log = logging.getLogger(__name__)

_SOURCES: Final = {
    pb.PAY_SOURCE_CITY: PaySource.CITY,
    pb.PAY_SOURCE_BUYERS: PaySource.BUYERS,
}
_PAGE: Final = 100
_LONGEST_WHY: Final = 500


class BooksCalls:
    """Translates and logs; the ledger decides."""

    def __init__(self, *, database: Database, pay_ins: PayIns, key: HeadKey, clock: Clock) -> None:
        self._database = database
        self._pay_ins = pay_ins
        self._key = key
        self._clock = clock

    async def RecordPayIn(
        self, request: pb.RecordPayInRequest, context: Context
    ) -> pb.RecordPayInResponse:
        """Booked once, however often the same request is sent."""
        source = _SOURCES.get(request.source)
        if source is None:
            raise invalid_field("source", "PAY_SOURCE_CITY or PAY_SOURCE_BUYERS")
        unit = Unit(plain_text("service_id", request.service_id, 1, 64))
        why, by = _why(request.why), operator_name()
        wanted = PayIn(
            request.idempotency_key, source, unit, Yen(request.amount_yen), request.reference
        )
        outcome = await asyncio.to_thread(self._pay_ins.record, wanted, by=by, why=why)
        say(log, logging.INFO, "operator records a pay-in", by=by, pay_in=outcome.pay_in_id)
        return pb.RecordPayInResponse(pay_in_id=outcome.pay_in_id, repeated=outcome.repeated)

    async def SignHeads(
        self, request: pb.SignHeadsRequest, context: Context
    ) -> pb.SignHeadsResponse:
        """On demand, besides the hourly signature."""
        why, by, now = _why(request.why), operator_name(), self._clock()

        def work(connection: Connection) -> SignedHead:
            signed = sign_heads(connection, self._key, now)
            record_act(connection, Act(by, "audit.sign", self._key.key_id, why, now))
            return signed

        return pb.SignHeadsResponse(head=_message(await self._database.write(work)))

    async def ListSignedHeads(
        self, request: pb.ListSignedHeadsRequest, context: Context
    ) -> pb.ListSignedHeadsResponse:
        """A page of what an auditor keeps."""
        limit = whole_number("limit", request.limit or _PAGE, 1, _PAGE)
        after = whole_number("after_number", request.after_number, 0, 2**62)
        say(log, logging.INFO, "operator reads signed heads", by=operator_name(), after=after)
        heads = await self._database.read(lambda c: signed_heads_after(c, after, limit))
        return pb.ListSignedHeadsResponse(heads=[_message(head) for head in heads])


def _message(head: SignedHead) -> pb.SignedHead:
    return pb.SignedHead(number=parse_statement(head.text).number, text=head.exported())


def _why(text: str) -> str:
    why = text.strip()
    if not 0 < len(why) <= _LONGEST_WHY:
        raise invalid_field(
            "why",
            f"the reason, 1 to {_LONGEST_WHY} characters, for the audit log",
            f"理由を{_LONGEST_WHY}文字以内で書いてください。",
        )
    return why
