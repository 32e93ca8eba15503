"""Signed heads against the books: what was signed once must still stand there, byte for byte."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from sqlalchemy import Connection, select

from server.db.kinds import DatabaseKind
from server.db.schema import ledger as t
from server.db.sets import RowSet
from server.db.streams import stream_rows
from server.ledger.accounts import ledger_id
from server.ledger.audit import Audit
from server.ledger.head_keys import PublicKeys, is_signed, key_id_of
from server.ledger.head_statement import (
    NOTHING_BEFORE,
    LaneHead,
    SignedHead,
    Statement,
    StatementError,
    parse_statement,
)
from server.ledger.layout import accounts_genesis, genesis
from server.ledger.types import LaneId

_CHUNK: Final = 200
"""Statements compared at once."""


def verify_heads(connection: Connection, audit: Audit, trusted: PublicKeys) -> None:
    """The heads that the books hold: signatures, their chain, and the entries that they name.

    ``trusted`` empty: each signature is checked with the key that its statement names, and the
    audit says so.
    """
    h = t.signed_heads.c
    rows = stream_rows(
        connection,
        select(h.number, h.signed_at, h.key_id, h.statement, h.signature).order_by(h.number),
    )

    def heads() -> Iterator[SignedHead]:
        for expected, (number, signed_at, key_id, statement, signature) in enumerate(rows, 1):
            signed = SignedHead(statement, signature)
            parsed = _parsed(signed, audit, f"signed head {number}")
            if parsed is not None and (number, signed_at, key_id) != (
                parsed.number,
                parsed.signed_at,
                parsed.key_id,
            ):
                audit.find(
                    "heads", f"signed head {parsed.number}: its row {number} differs from it"
                )
            if number != expected:
                audit.find("heads", f"signed head {number}: follows {expected - 1}")
            yield signed

    audit.signed_heads = _verify(connection, audit, heads(), trusted, "signed head", whole=True)
    given = connection.execute(
        select(t.counters.c.value).where(t.counters.c.name == "signed_head")
    ).scalar_one_or_none()
    if given != audit.signed_heads:
        audit.find("heads", f"{given} heads were signed, {audit.signed_heads} are there")
    if audit.signed_heads == 0:
        audit.notes.append("no head is signed yet: a rewritten history would not show")
    elif not trusted:
        audit.notes.append(
            "signatures were checked with the keys that the statements themselves name; "
            "give --public-key to check them with yours"
        )


def check_heads(
    connection: Connection, audit: Audit, kept: Iterable[SignedHead], trusted: PublicKeys
) -> int:
    """Heads that an auditor kept elsewhere against these books; how many were compared.

    They need not begin with the first. The books must hold each of them unchanged, too.
    """
    by_number = select(t.signed_heads.c.statement, t.signed_heads.c.signature)

    def heads() -> Iterator[SignedHead]:
        for signed in kept:
            parsed = _parsed(signed, audit, "kept head")
            if parsed is not None:
                row = connection.execute(
                    by_number.where(t.signed_heads.c.number == parsed.number)
                ).one_or_none()
                same = row is not None and (row.statement, bytes(row.signature)) == (
                    signed.text,
                    signed.signature,
                )
                if not same:
                    where = f"kept head {parsed.number}"
                    audit.find("heads", f"{where}: the books hold another, or none")
            yield signed

    return _verify(connection, audit, heads(), trusted, "kept head", whole=False)


def _verify(
    connection: Connection,
    audit: Audit,
    heads: Iterator[SignedHead],
    trusted: PublicKeys,
    what: str,
    *,
    whole: bool,
) -> int:
    ledger = ledger_id(connection)
    created = connection.execute(select(t.identity.c.created_at)).scalars().first()
    previous: bytes | None = NOTHING_BEFORE if whole else None
    count = 0
    while chunk := list(islice(heads, _CHUNK)):
        parsed = []
        for signed in chunk:
            count += 1
            try:
                statement = parse_statement(signed.text)
            except (StatementError, ValueError, TypeError):
                previous = signed.digest()
                continue  # named by _parsed
            where = f"{what} {statement.number}"
            parsed.append((where, statement))
            for wrong in _wrong(signed, statement, trusted, previous):
                audit.find("heads", f"{where}: {wrong}")
            if (statement.ledger_id, statement.created_at) != (ledger, created):
                audit.find("heads", f"{where}: is of other books ({statement.ledger_id})")
            previous = signed.digest()
        _compare(connection, audit, ledger, parsed)
    return count


def _parsed(signed: SignedHead, audit: Audit, where: str) -> Statement | None:
    try:
        return parse_statement(signed.text)
    except (StatementError, ValueError, TypeError) as error:
        audit.find("heads", f"{where}: {error}")
        return None


def _wrong(
    signed: SignedHead, statement: Statement, trusted: PublicKeys, previous: bytes | None
) -> Iterator[str]:
    key = statement.public_key
    if key_id_of(key) != statement.key_id:
        yield "its key id is not its key's"
    elif trusted and trusted.get(statement.key_id) != key:
        yield f"signed with key {statement.key_id}, which is not among the trusted keys"
    if not is_signed(key, signed.signature, signed.text.encode("utf-8")):
        yield "its signature is not that key's over this statement"
    if previous is not None and statement.previous != previous:
        yield "does not follow the signed head before it"


def _compare(
    connection: Connection, audit: Audit, ledger: str, parsed: list[tuple[str, Statement]]
) -> None:
    wanted = {(h.lane, h.position) for _, statement in parsed for h in statement.lanes}
    entries = _entries(connection, sorted(wanted))
    digests = _digests(connection, sorted({statement.accounts for _, statement in parsed}))
    for where, statement in parsed:
        for head in statement.lanes:
            if head.position == 0:
                found: tuple[int, bytes] | None = (0, genesis(ledger, LaneId(head.lane)))
            else:
                found = entries.get((head.lane, head.position))
            if found != (head.instant, head.head):
                audit.find("heads", _differs(where, head, found is None))
        accounts = statement.accounts
        known = digests.get(accounts) if accounts else accounts_genesis(ledger)
        if known != statement.accounts_digest:
            audit.find("heads", f"{where}: the register up to account {accounts} was rewritten")


def _differs(where: str, head: LaneHead, missing: bool) -> str:
    how = "is gone" if missing else "is another one now"
    return f"{where}: lane {head.lane} position {head.position}: the entry that was signed {how}"


def _entries(
    connection: Connection, wanted: list[tuple[int, int]]
) -> dict[tuple[int, int], tuple[int, bytes]]:
    kind = DatabaseKind(connection.dialect.name)
    rows = RowSet(kind, "wanted", lane_id=int, position=int)
    e = t.entries.c
    on = (e.lane_id == rows.source.c.lane_id) & (e.position == rows.source.c.position)
    found = connection.execute(
        select(e.lane_id, e.position, e.instant, e.hash).join_from(rows.source, t.entries, on),
        rows.params(wanted),
    )
    return {(lane, position): (instant, bytes(hash_)) for lane, position, instant, hash_ in found}


def _digests(connection: Connection, wanted: list[int]) -> dict[int, bytes]:
    d = t.account_digests.c
    found = connection.execute(select(d.account_id, d.digest).where(d.account_id.in_(wanted)))
    return {account: bytes(digest) for account, digest in found}
