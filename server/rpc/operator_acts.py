"""The audit log over OperatorService."""

import json
from collections.abc import AsyncIterator
from functools import partial

from protos.choba.v1 import operator_acts_pb2 as pb
from protos.units import Micros
from server.db import Database
from server.oversight import ActFilter, KeptAct, acts_page
from server.rpc.calls import Context
from server.rpc.errors import whole_number

_PAGE = 200
_LATEST = 2**62


class ActsCalls:
    """Reads in pages by key, so that a long log costs neither memory nor a long transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ListActs(
        self, request: pb.ListActsRequest, context: Context
    ) -> AsyncIterator[pb.ListActsResponse]:
        """Oldest first."""
        since = whole_number("since_micros", request.since_micros, 0, _LATEST)
        until = whole_number("until_micros", request.until_micros or _LATEST, since, _LATEST)
        wanted = ActFilter(
            since=Micros(since),
            until=Micros(until),
            subject=request.subject,
            by=request.by_operator,
            what=request.what,
        )
        after: KeptAct | None = None
        while True:
            page = await self._database.read(
                partial(acts_page, wanted=wanted, after=after, limit=_PAGE)
            )
            if page:
                yield pb.ListActsResponse(acts=[_message(kept) for kept in page])
            if len(page) < _PAGE:
                return
            after = page[-1]


def _message(kept: KeptAct) -> pb.OperatorAct:
    act = kept.act
    return pb.OperatorAct(
        act_id=kept.act_id,
        at_micros=act.at,
        by_operator=act.by,
        what=act.what,
        subject=act.subject,
        why=act.why,
        detail_json=json.dumps(dict(act.detail), ensure_ascii=False, sort_keys=True),
    )
