"""One row per act, written in the act's own transaction: both are there, or neither."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, select

from protos.units import Micros
from server.db import new_public_id
from server.db.schema import oversight as t


@dataclass(frozen=True, slots=True)
class Act:
    """What an operator did. Holds no person's name, telephone number or other contents."""

    by: str
    """The operator's name, as it stands beside the token or in ``--by``."""
    what: str
    """Dotted and stable, e.g. ``payment.cancel``, ``campaign.draw``."""
    subject: str
    """Public id of what it was done to: a payment, a service, a batch."""
    why: str
    """The operator's own reason; may be empty only where nothing is changed by hand."""
    at: Micros
    detail: Mapping[str, str | int] = field(default_factory=dict)


def record_act(connection: Connection, act: Act) -> str:
    """Write it into the caller's transaction; its id."""
    act_id = new_public_id()
    connection.execute(
        insert(t.operator_acts).values(
            act_id=act_id,
            at=act.at,
            by_operator=act.by,
            what=act.what,
            subject=act.subject,
            why=act.why,
            detail=json.dumps(dict(act.detail), ensure_ascii=False, sort_keys=True),
        )
    )
    return act_id


@dataclass(frozen=True, slots=True)
class KeptAct:
    """An act with its id."""

    act_id: str
    act: Act


@dataclass(frozen=True, slots=True)
class ActFilter:
    """A half-open span of time; an empty text means any."""

    since: Micros
    until: Micros
    subject: str = ""
    by: str = ""
    what: str = ""


def acts_page(
    connection: Connection, wanted: ActFilter, after: KeptAct | None, limit: int
) -> list[KeptAct]:
    """The next ``limit`` acts, oldest first, after one that was given before."""
    t_ = t.operator_acts.c
    query = select(t.operator_acts).where(t_.at >= wanted.since, t_.at < wanted.until)
    for column, value in (
        (t_.subject, wanted.subject),
        (t_.by_operator, wanted.by),
        (t_.what, wanted.what),
    ):
        if value:
            query = query.where(column == value)
    if after is not None:
        at = after.act.at
        query = query.where((t_.at > at) | ((t_.at == at) & (t_.act_id > after.act_id)))
    rows = connection.execute(query.order_by(t_.at, t_.act_id).limit(limit))
    return [KeptAct(row.act_id, _act(row)) for row in rows]


def acts_between(connection: Connection, since: Micros, until: Micros) -> Iterator[Act]:
    """Acts of a half-open span of time, oldest first."""
    rows = connection.execute(
        select(t.operator_acts)
        .where(t.operator_acts.c.at >= since, t.operator_acts.c.at < until)
        .order_by(t.operator_acts.c.at, t.operator_acts.c.act_id)
    )
    for row in rows:
        yield _act(row)


def _act(row: Any) -> Act:
    detail = json.loads(row.detail)
    return Act(row.by_operator, row.what, row.subject, row.why, Micros(row.at), detail)
