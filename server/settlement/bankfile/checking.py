"""Reading any file that claims to be a 全銀 総合振込, and saying what is wrong where.

Any bytes give a report, never an error. What the format itself leaves open (line ends, EOF mark,
codes of other makers) is a note and no fault.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from server.settlement.bankfile import findings as say
from server.settlement.bankfile.banks import BankDirectory
from server.settlement.bankfile.fields import Reading, check_field
from server.settlement.bankfile.findings import Finding, FindingCode, Note
from server.settlement.bankfile.framing import Frame, frames
from server.settlement.bankfile.layout import DATA, HEADER, RECORD, RECORDS, RecordKind
from server.settlement.bankfile.pay_days import PayDayCheck

MOST_FINDINGS: Final = 200


@dataclass(frozen=True, slots=True)
class Summary:
    """One header with its transfers, as it stands in the file."""

    payer_code: str
    payer_name: str
    pay_date: str
    """MMDD: the file holds no year."""
    bank_code: str
    branch_code: str
    account_type: str
    account_number: str
    count: int
    total: int


@dataclass(slots=True)
class Report:
    """``findings``: at most 200; ``more``: how many were left out."""

    sha256: str
    findings: list[Finding] = field(default_factory=list)
    more: int = 0
    notes: list[Note] = field(default_factory=list)
    summaries: list[Summary] = field(default_factory=list)

    @property
    def right(self) -> bool:
        return not self.findings

    def add(self, finding: Finding) -> None:
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(finding)
        else:
            self.more += 1


@dataclass(slots=True)
class _Group:
    """A header and what follows until its trailer."""

    header: Reading | None
    """None: it could not be read."""
    count: int = 0
    total: int = 0
    whole: bool = True
    """False: a record could not be read, so count and sum can't be compared."""
    ended: bool = False


def check(
    content: bytes,
    banks: BankDirectory,
    *,
    today: date,
    year: int | None = None,
    allow_unknown_bank: bool = False,
) -> Report:
    """``year``: of the pay day; without it the file can't tell whether that day is a bank day, and
    the year in which it lies nearest to ``today`` is taken for a note."""
    report = Report(hashlib.sha256(content).hexdigest())
    framing = frames(content)
    report.notes += framing.notes
    for finding in framing.findings:
        report.add(finding)
    if framing.frames:
        directory = None if allow_unknown_bank else banks
        _Walk(report, directory, PayDayCheck(today, year)).run(framing.frames)
    return report


class _Walk:
    """The records in their order."""

    def __init__(self, report: Report, banks: BankDirectory | None, pay_days: PayDayCheck) -> None:
        self._report = report
        self._banks = banks
        self._pay_days = pay_days
        self._group: _Group | None = None
        self._ended = False

    def run(self, found: list[Frame]) -> None:
        for frame in found:
            self._frame(frame)
        last = found[-1]
        if self._group is not None and not self._group.ended:
            self._report.add(say.missing(last, "8"))
        if not self._ended:
            self._report.add(say.missing(last, "9"))

    def _frame(self, frame: Frame) -> None:
        mark = chr(frame.data[0]) if frame.data else ""
        kind = RECORDS.get(mark)
        if kind is None:
            self._report.add(say.unknown_record(frame))
            self._spoil()
            return
        self._order(frame, kind)
        reading = None
        if len(frame.data) == RECORD:
            reading = self._read(frame, kind)
        else:
            self._report.add(say.wrong_length(frame, kind))
        match kind.mark:
            case "1":
                self._open(reading)
            case "2":
                self._transfer(reading)
            case "8":
                self._trailer(frame, reading)
            case "9":
                self._ended = True

    def _order(self, frame: Frame, kind: RecordKind) -> None:
        group = self._group
        is_open = group is not None and not group.ended
        right = {
            "1": not is_open,
            "2": is_open,
            "8": is_open and group is not None and group.count > 0,
            "9": group is not None and group.ended and not self._ended,
        }[kind.mark]
        if not right:
            self._report.add(say.out_of_order(frame, kind))
        if kind.mark == "1":
            self._ended = False

    def _read(self, frame: Frame, kind: RecordKind) -> Reading:
        reading = Reading(frame, kind)
        for part in kind.fields:
            self._add(check_field(reading, part))
        if kind in (HEADER, DATA) and self._banks is not None:
            self._add(_place(reading, self._banks))
        if kind is HEADER:
            wrong, note = self._pay_days.look(reading)
            self._add(wrong)
            if note is not None:
                self._report.notes.append(note)
        return reading

    def _add(self, finding: Finding | None) -> None:
        if finding is not None:
            self._report.add(finding)

    def _open(self, reading: Reading | None) -> None:
        self._group = _Group(reading)

    def _transfer(self, reading: Reading | None) -> None:
        if self._group is None:
            return
        self._group.count += 1
        amount = reading.number("amount") if reading is not None else None
        if amount is None:
            self._spoil()
        else:
            self._group.total += amount

    def _trailer(self, frame: Frame, reading: Reading | None) -> None:
        group = self._group
        if group is None:
            return
        group.ended = True
        if reading is not None and group.whole:
            for name, is_ in (("count", group.count), ("sum", group.total)):
                stands = reading.number(name)
                if stands is not None and stands != is_:
                    self._report.add(say.total_differs(reading, name, stands, is_))
        elif reading is not None:
            self._report.notes.append(say.not_compared(frame))
        if group.header is None:
            return
        text = group.header.text
        self._report.summaries.append(
            Summary(
                text("payer_code"),
                text("payer_name").rstrip(),
                text("pay_date"),
                text("bank_code"),
                text("branch_code"),
                text("account_type"),
                text("account_number"),
                group.count,
                group.total,
            )
        )

    def _spoil(self) -> None:
        if self._group is not None:
            self._group.whole = False


def _place(reading: Reading, banks: BankDirectory) -> Finding | None:
    """Bank and branch against the master data, when both are numbers at all."""
    bank, branch = reading.text("bank_code"), reading.text("branch_code")
    if reading.number("bank_code") is None or reading.number("branch_code") is None:
        return None
    bank_ja = banks.bank_name(bank)
    if bank_ja is None:
        return say.at_field(
            FindingCode.BANK_UNKNOWN,
            reading,
            "bank_code",
            f"銀行コード {bank} の金融機関はありません",
            f"there is no bank {bank}",
        )
    if banks.branch(bank, branch) is None:
        return say.at_field(
            FindingCode.BRANCH_UNKNOWN,
            reading,
            "branch_code",
            f"{bank_ja}（{bank}）に支店コード {branch} の店舗はありません",
            f"bank {bank} has no branch {branch}",
        )
    return None
