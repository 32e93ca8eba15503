"""What must hold of a bulk and of a payout by themselves: states, people, sums, the file."""

import hashlib
from collections.abc import Iterator

from sqlalchemy import Connection, select

from server.db.schema import payouts as t
from server.settlement.bankfile.layout import DATA, ENCODING, LINE_END
from server.settlement.payouts.bank_details import details_by_request, known_request
from server.settlement.payouts.rules import NEXT, NOT_THE_SAME
from server.settlement.payouts.types import (
    STATE_AFTER,
    Bulk,
    BulkEvent,
    Item,
    ItemKind,
    Outcome,
    Payout,
    RequestState,
    same_person,
)


def of_bulk_itself(
    connection: Connection, bulk: Bulk, payouts: tuple[Payout, ...]
) -> Iterator[str]:
    """Its events, its totals, its file."""
    yield from _events(bulk)
    paid = [payout for payout in payouts if payout.amount]
    if (bulk.count, bulk.total) != (len(paid), sum(payout.amount for payout in paid)):
        yield f"says {bulk.count} transfers of {bulk.total:,}, its payouts say otherwise"
    if [payout.line for payout in payouts] != list(range(1, len(payouts) + 1)):
        yield "its lines are not numbered 1, 2 …"
    returned = sum(bool(payout.returned_by) for payout in payouts)
    told = sum(event.what is BulkEvent.RETURNED for event in bulk.events)
    if returned != told:
        yield f"{told} events say that a transfer came back, {returned} did"
    yield from _details(connection, bulk, paid)
    yield from _file(connection, bulk, paid)


def _events(bulk: Bulk) -> Iterator[str]:
    if not bulk.events or bulk.events[0].what is not BulkEvent.DRAFTED:
        yield "does not begin with its draft"
        return
    done = {BulkEvent.DRAFTED: bulk.events[0].by}
    state, last = STATE_AFTER[BulkEvent.DRAFTED], bulk.events[0].at
    for event in bulk.events[1:]:
        if event.what not in NEXT[state]:
            yield f"{event.what.name} after {state.en}"
        for before in NOT_THE_SAME.get(event.what, ()):
            if before in done and same_person(done[before], event.by):
                yield f"{before.name} and {event.what.name} by one person"
        if event.at < last:
            yield f"{event.what.name} before what happened before it"
        state, last = STATE_AFTER[event.what], event.at
        done[event.what] = event.by


def _details(connection: Connection, bulk: Bulk, paid: list[Payout]) -> Iterator[str]:
    """Approved, for this payee, before the bulk was drafted."""
    drafted = bulk.events[0].at if bulk.events else 0
    for payout in paid:
        request = known_request(connection, payout.details_id)
        if (
            request is None
            or request.payee != payout.payee
            or request.state is not RequestState.APPROVED
            or request.decided_at > drafted
        ):
            yield f"payout {payout.payout_id}: its bank details were not this payee's by then"


def _file(connection: Connection, bulk: Bulk, paid: list[Payout]) -> Iterator[str]:
    made = any(event.what is BulkEvent.FILE_MADE for event in bulk.events)
    if made != bool(bulk.sha256):
        yield "its events and its file disagree on whether there is one"
    f, c = t.payout_files.c, t.payout_file_contents.c
    row = connection.execute(
        select(c.content, f.length)
        .join_from(t.payout_files, t.payout_file_contents, c.bulk_id == f.bulk_id)
        .where(f.bulk_id == bulk.bulk_id)
    ).one_or_none()
    if row is None:
        return  # deleted when its retention period was over, or never made
    content = bytes(row.content)
    if hashlib.sha256(content).hexdigest() != bulk.sha256 or len(content) != row.length:
        yield "its file is not the one that was made"
    elif _lines(content) != _lines_wanted(connection, paid):
        yield "its file pays something else than its payouts"


_Line = tuple[str, ...]


def _lines(content: bytes) -> list[_Line]:
    """Account, recipient and amount of each data record."""
    names = ("bank_code", "branch_code", "account_type", "account_number", "recipient", "amount")
    fields = [DATA.field(name) for name in names]
    return [
        tuple(record[field.offset : field.end].decode(ENCODING).rstrip() for field in fields)
        for record in content.split(LINE_END)
        if record.startswith(DATA.mark.encode())
    ]


def _lines_wanted(connection: Connection, paid: list[Payout]) -> list[_Line]:
    details = details_by_request(connection, {payout.details_id for payout in paid})
    lines: list[_Line] = []
    for payout in paid:
        found = details.get(payout.details_id)
        if found is None:
            continue
        account = found.account
        lines.append(
            (
                account.bank_code,
                account.branch_code,
                account.account_type,
                account.number,
                found.recipient,
                f"{payout.amount:010}",
            )
        )
    return lines


def of_payout_itself(payout: Payout, items: tuple[Item, ...]) -> Iterator[str]:
    """close sums + corrections + carried − fee = transfer + what is carried on, shop by shop."""
    for share in payout.shares:
        own = [item for item in items if item.shop_id == share.shop_id]
        sums = tuple(sum(i.amount for i in own if i.kind is kind) for kind in ItemKind)
        if sums != (share.closes, share.corrections, share.carried_in, share.returned):
            yield f"shop {share.shop_id}: its sums are not those of what it is made of"
        if share.gross != share.fee + share.amount + share.carried_out:
            yield f"shop {share.shop_id}: does not add up"
    if {item.shop_id for item in items} != {share.shop_id for share in payout.shares}:
        yield "its shops are not those of what it is made of"
    sums_of_shares = (
        sum(share.gross for share in payout.shares),
        sum(share.fee for share in payout.shares),
        sum(share.amount for share in payout.shares),
        sum(share.carried_out for share in payout.shares),
    )
    if sums_of_shares != (payout.gross, payout.fee, payout.amount, payout.carried):
        yield "is not the sum of its shops"
    pays = payout.outcome is Outcome.TRANSFER
    if pays != (payout.amount > 0) or payout.amount < 0 or pays != bool(payout.details_id):
        yield "its outcome and its amount disagree"
    if (payout.outcome is Outcome.HELD) != (payout.hold is not None):
        yield "its outcome and the reason for holding it disagree"
    if (payout.outcome is Outcome.NEGATIVE) != (payout.gross < 0):
        yield "its outcome and its sum disagree"
