"""Who may buy: the list of residents from a CSV file, all of it or nothing.

Columns ``residentNumber,code,birthDate``: a pseudonymous number, the code mailed to the person, the
date of birth. The code is kept as a keyed hash only; docs/campaigns.md has the format in full.
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Final

from sqlalchemy import Connection, func, insert, select

from protos.units import Micros
from server.campaigns.selling.csv_lines import LineCode, LineErrors, Source, rows, sha256_of
from server.campaigns.selling.terms import campaign_at
from server.clock import tokyo_day
from server.db import DatabaseKind
from server.db.schema import selling as t
from server.db.sets import Inserter, RowSet
from server.ledger import LedgerClock
from server.oversight import Act, record_act

HEADER: Final = ("residentNumber", "code", "birthDate")
_NUMBER: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CODE: Final = re.compile(r"[A-Z0-9]{8,32}")
_DATE: Final = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})")
_FIRST_YEAR: Final = 1880
_CHUNK: Final = 5_000

Progress = Callable[[int], None]
"""Told how many lines are done."""


@dataclass(frozen=True, slots=True)
class Imported:
    """``added``: lines that were not there before. ``repeated``: this very file was imported."""

    lines: int
    added: int
    repeated: bool


@dataclass(frozen=True, slots=True)
class _Resident:
    line: int
    number: str
    code_hash: str
    birth_date: str


def plain_code(code: str) -> str:
    """A mailed code as it is hashed: half-width capitals, without blanks and hyphens."""
    return re.sub(r"[\s\-‐-―−ー]", "", unicodedata.normalize("NFKC", code)).upper()


def plain_date(text: str) -> date | None:
    """``1954-04-01`` or ``1954/4/1``, full-width digits too; None for one that does not exist."""
    found = _DATE.fullmatch(unicodedata.normalize("NFKC", text).strip())
    try:
        return date(*(int(part) for part in found.groups())) if found else None
    except ValueError:
        return None


def code_hash(key: bytes, campaign_id: str, code: str) -> str:
    """HMAC-SHA256 of a plain code under a key that is not in the database; hexadecimal."""
    return hmac.digest(key, f"{campaign_id}\0{code}".encode(), "sha256").hex()


def check_residents(
    source: Source, campaign_id: str, key: bytes, today: date, progress: Progress = lambda _: None
) -> int:
    """Read the whole file and change nothing; how many lines it has. Raises FileRefused."""
    errors = LineErrors()
    count = 0
    numbers: set[bytes] = set()
    codes: set[bytes] = set()
    for resident in _residents(source, campaign_id, key, today, errors):
        count += 1
        for column, value, seen in (
            ("residentNumber", resident.number, numbers),
            ("code", resident.code_hash, codes),
        ):
            mark = hashlib.blake2b(value.encode(), digest_size=12).digest()
            if mark in seen:
                ja, en = "前の行と同じ値です。", "the same value stands in a line before"
                errors.add(resident.line, LineCode.TWICE, column, ja, en)
            seen.add(mark)
        if count % _CHUNK == 0:
            progress(count)
    errors.check()
    return count


def import_residents(
    connection: Connection,
    source: Source,
    *,
    campaign_id: str,
    key: bytes,
    clock: LedgerClock,
    by: str,
    why: str,
    progress: Progress = lambda _: None,
) -> Imported:
    """Add the file's residents in the caller's transaction; call ``check_residents`` before.

    A line that is there already with the same content counts as done; with another content it is
    an error (CONFLICT). Raises FileRefused; refused: UNKNOWN. Nothing of the file stays then.
    """
    now = clock(connection)
    campaign_at(connection, campaign_id, now)
    digest = sha256_of(source)
    known = connection.execute(
        select(t.eligibility_files.c.lines).where(
            t.eligibility_files.c.campaign_id == campaign_id,
            t.eligibility_files.c.sha256 == digest,
        )
    ).scalar_one_or_none()
    if known is not None:
        return Imported(known, 0, repeated=True)
    writer = _Writer(connection, campaign_id)
    errors = LineErrors()
    residents = _residents(source, campaign_id, key, tokyo_day(now), errors)
    lines = 0
    while chunk := list(islice(residents, _CHUNK)):
        writer.write(chunk, errors)
        lines += len(chunk)
        progress(lines)
    errors.check()
    connection.execute(
        insert(t.eligibility_files).values(
            campaign_id=campaign_id,
            sha256=digest,
            lines=lines,
            added=writer.added,
            imported_at=now,
        )
    )
    detail: dict[str, str | int] = {"sha256": digest, "lines": lines, "added": writer.added}
    act = Act(by, "campaign.import-eligibility", campaign_id, why, now, detail)
    record_act(connection, act)
    return Imported(lines, writer.added, repeated=False)


def _residents(
    source: Source, campaign_id: str, key: bytes, today: date, errors: LineErrors
) -> Iterator[_Resident]:
    for line, (number, code, birth) in rows(source, HEADER, errors):
        plain, born = plain_code(code), plain_date(birth)
        faults = 0
        if not _NUMBER.fullmatch(number):
            faults += 1
            errors.add(
                line,
                LineCode.VALUE,
                "residentNumber",
                "半角の英数字・-・_ で64文字までにしてください。",
                "1 to 64 of A-Z a-z 0-9 - _",
            )
        if not _CODE.fullmatch(plain):
            faults += 1
            errors.add(
                line,
                LineCode.VALUE,
                "code",
                "英数字8〜32文字にしてください。",
                "8 to 32 letters and digits",
            )
        if born is None or born.year < _FIRST_YEAR or born > today:
            faults += 1
            errors.add(
                line,
                LineCode.DATE,
                "birthDate",
                "実在する日付を 1954-04-01 の形で入れてください。",
                "a date that exists, not in the future: 1954-04-01",
            )
        if not faults and born is not None:
            hashed = code_hash(key, campaign_id, plain)
            yield _Resident(line, number, hashed, born.isoformat())


class _Writer:
    """Adds what is not there, chunk by chunk."""

    def __init__(self, connection: Connection, campaign_id: str) -> None:
        kind = DatabaseKind(connection.dialect.name)
        table = t.eligible_residents
        self.added = 0
        self._connection = connection
        self._campaign = campaign_id
        self._insert = Inserter(kind, table)
        self._wanted = RowSet(kind, "wanted", value=str)
        wanted = select(self._wanted.source.c.value)
        # two statements, each on its own index: one with OR read the whole table every time
        self._there = [
            select(table.c.number, table.c.code_hash, table.c.birth_date).where(
                table.c.campaign_id == campaign_id, column.in_(wanted)
            )
            for column in (table.c.number, table.c.code_hash)
        ]

    def write(self, chunk: Sequence[_Resident], errors: LineErrors) -> None:
        values = ([(one.number,) for one in chunk], [(one.code_hash,) for one in chunk])
        found = [
            row
            for statement, wanted in zip(self._there, values, strict=True)
            for row in self._connection.execute(statement, self._wanted.params(wanted))
        ]
        by_number = {number: (hashed, birth) for number, hashed, birth in found}
        by_code = {hashed: number for number, hashed, _ in found}
        fresh = []
        for one in chunk:
            there = by_number.get(one.number)
            if there is None and one.code_hash not in by_code:
                fresh.append(one)
                by_number[one.number] = (one.code_hash, one.birth_date)
                by_code[one.code_hash] = one.number
            elif there != (one.code_hash, one.birth_date):
                errors.add(
                    one.line,
                    LineCode.CONFLICT,
                    "residentNumber",
                    "登録済みの内容と違います。",
                    "differs from what was imported before",
                )
        if not errors.count:
            self._insert.insert(
                self._connection,
                [
                    (self._campaign, r.number, r.code_hash, r.birth_date, 0, None, None)
                    for r in fresh
                ],
            )
        self.added += len(fresh)


def eligible_count(connection: Connection, campaign_id: str) -> tuple[int, int]:
    """Residents on the list, and how many of them have an account linked."""
    row = connection.execute(
        select(func.count(), func.count(t.eligible_residents.c.user_id)).where(
            t.eligible_residents.c.campaign_id == campaign_id
        )
    ).one()
    return int(row[0]), int(row[1])


def forget_residents(connection: Connection, campaign_id: str, before: Micros) -> int:
    """Delete a campaign's persons' data once its retention period is over; how many rows.

    ``before``: only when the list was imported before that instant.
    """
    newest = connection.execute(
        select(t.eligibility_files.c.imported_at)
        .where(t.eligibility_files.c.campaign_id == campaign_id)
        .order_by(t.eligibility_files.c.imported_at.desc())
        .limit(1)
    ).scalar_one_or_none()
    if newest is None or newest >= before:
        return 0
    for table in (t.eligibility_tries, t.eligible_residents):
        done = connection.execute(table.delete().where(table.c.campaign_id == campaign_id))
    return int(done.rowcount)
