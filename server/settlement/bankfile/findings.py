"""What a check says of a file: where, which field, what stands there, in Japanese and English."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from server.settlement.bankfile.layout import ENCODING, RECORD, RECORDS, RecordKind

if TYPE_CHECKING:
    from server.settlement.bankfile.fields import Reading
    from server.settlement.bankfile.framing import Frame


class FindingCode(StrEnum):
    """Stable codes of faults."""

    EMPTY = "CHOBA_BANKFILE_CHECK_EMPTY"
    NOT_A_BANK_FILE = "CHOBA_BANKFILE_CHECK_NOT_A_BANK_FILE"
    ENCODING = "CHOBA_BANKFILE_CHECK_ENCODING"
    LINE_ENDS = "CHOBA_BANKFILE_CHECK_LINE_ENDS"
    LENGTH = "CHOBA_BANKFILE_CHECK_LENGTH"
    RECORD = "CHOBA_BANKFILE_CHECK_RECORD"
    ORDER = "CHOBA_BANKFILE_CHECK_ORDER"
    MISSING = "CHOBA_BANKFILE_CHECK_MISSING"
    CHARACTER = "CHOBA_BANKFILE_CHECK_CHARACTER"
    VALUE = "CHOBA_BANKFILE_CHECK_VALUE"
    PAY_DAY = "CHOBA_BANKFILE_CHECK_PAY_DAY"
    BANK_UNKNOWN = "CHOBA_BANKFILE_CHECK_BANK_UNKNOWN"
    BRANCH_UNKNOWN = "CHOBA_BANKFILE_CHECK_BRANCH_UNKNOWN"
    COUNT = "CHOBA_BANKFILE_CHECK_COUNT"
    SUM = "CHOBA_BANKFILE_CHECK_SUM"


@dataclass(frozen=True, slots=True)
class Finding:
    """``record`` from 1, 0 for the file as a whole; ``offset`` in the record and ``at`` in the
    file from 0, -1 where it is no single place."""

    code: FindingCode
    record: int
    offset: int
    at: int
    ja: str
    en: str


@dataclass(frozen=True, slots=True)
class Note:
    """No fault: what a reader should know."""

    ja: str
    en: str


def shown(data: bytes) -> str:
    """As people read it; a byte that is no character shows as its number."""
    return "".join(map(_visible, data.decode(ENCODING, "backslashreplace")))


def _visible(sign: str) -> str:
    """CP932 gives a place to bytes that are no characters: controls, and private ones."""
    if unicodedata.category(sign) in ("Cc", "Co"):
        return "".join(f"\\x{byte:02x}" for byte in sign.encode(ENCODING))
    return sign


def whole(code: FindingCode, ja: str, en: str) -> Finding:
    return Finding(code, 0, -1, -1, ja, en)


def not_a_bank_file(ja: str, en: str) -> Finding:
    return whole(
        FindingCode.NOT_A_BANK_FILE,
        f"全銀フォーマットの振込ファイルではありません: {ja}。",
        f"Not a bank file (全銀): {en}.",
    )


def utf_8() -> Finding:
    return whole(
        FindingCode.ENCODING,
        "UTF-8で保存されています。文字コードをShift_JIS（CP932）にして保存し直してください。",
        "The file is UTF-8. It has to be Shift_JIS (CP932).",
    )


def byte_order_mark() -> Finding:
    return Finding(
        FindingCode.ENCODING,
        1,
        0,
        0,
        "ファイルの先頭にUTF-8の印（BOM）があります。Shift_JIS（CP932）で保存してください。",
        "The file begins with the mark of UTF-8 (BOM). It has to be Shift_JIS (CP932).",
    )


def wrong_length(frame: Frame, kind: RecordKind) -> Finding:
    length = len(frame.data)
    ja, en = "", ""
    if length > RECORD:
        ja = f"余分: 「{shown(frame.data[RECORD : RECORD + 20])}」。"
        en = f" Too much: {shown(frame.data[RECORD : RECORD + 20])!r}."
    return Finding(
        FindingCode.LENGTH,
        frame.number,
        -1,
        frame.at,
        f"{kind.ja}の記録が{length}バイトです（{RECORD}バイトでなければなりません）。{ja}",
        f"The {kind.en} record has {length} bytes instead of {RECORD}.{en}",
    )


def unknown_record(frame: Frame) -> Finding:
    stands = shown(frame.data[:1]) or "(空行)"
    return Finding(
        FindingCode.RECORD,
        frame.number,
        0,
        frame.at,
        f"データ区分が 1・2・8・9 のどれでもありません: 「{stands}」。"
        "ここより前で文字が増減しているか、記録が壊れています。",
        f"record_type: {stands!r} instead of 1, 2, 8 or 9; the record is broken, or characters "
        "were lost or added before it.",
    )


def out_of_order(frame: Frame, kind: RecordKind) -> Finding:
    return Finding(
        FindingCode.ORDER,
        frame.number,
        0,
        frame.at,
        f"{kind.ja}の記録がここに来ることはありません（順序: ヘッダー、データ1件以上、トレーラー、"
        "エンド）。",
        f"Not the place for this record ({kind.en}); the order is header, data, trailer, end.",
    )


def missing(last: Frame, mark: str) -> Finding:
    kind = RECORDS[mark]
    return Finding(
        FindingCode.MISSING,
        last.number,
        -1,
        last.at + len(last.data),
        f"{kind.ja}の記録がないままファイルが終わっています。途中で切れていませんか。",
        f"The file ends without its {kind.en} record. Was it cut off?",
    )


def at_field(
    code: FindingCode, reading: Reading, name: str, ja: str, en: str, inside: int = 0
) -> Finding:
    """``inside``: how far into the field the fault is."""
    field = reading.kind.field(name)
    offset = field.offset + inside
    stands = shown(reading.frame.data[field.offset : field.end])
    return Finding(
        code,
        reading.frame.number,
        offset,
        reading.frame.at + offset,
        f"{field.ja}: {ja}（いまの値: 「{stands}」）",
        f"{field.name}: {en}; here stands {stands!r}",
    )


def total_differs(reading: Reading, name: str, stands: int, is_: int) -> Finding:
    code = FindingCode.COUNT if name == "count" else FindingCode.SUM
    unit_ja, unit_en = ("件", "records") if name == "count" else ("円", "yen")
    return at_field(
        code,
        reading,
        name,
        f"データの記録を数えると{is_:,}{unit_ja}ですが、{stands:,}{unit_ja}とあります",
        f"the data records make {is_:,} {unit_en}, the trailer says {stands:,}",
    )


def mixed_line_ends(ends: list[bytes]) -> Finding:
    names = "、".join(_END_NAMES[end] for end in ends)
    return whole(
        FindingCode.LINE_ENDS,
        f"改行が混ざっています（{names}）。1種類にそろえてください。",
        f"Line ends are mixed ({names}).",
    )


def not_compared(frame: Frame) -> Note:
    return Note(
        f"記録{frame.number}: 読めない記録があるため、合計件数・合計金額は比べていません。",
        f"Record {frame.number}: count and sum were not compared, as records could not be read.",
    )


def no_line_ends() -> Note:
    return Note(
        "改行がありません。受け付ける銀行が多いですが、銀行に確かめてください。",
        "No line ends. Many banks take that; ask yours.",
    )


def no_last_line_end() -> Note:
    return Note("最後の記録のあとに改行がありません。", "No line end after the last record.")


def other_line_ends(end: bytes) -> Note:
    name = _END_NAMES[end]
    return Note(
        f"改行が{name}です（CRLFを求める銀行があります）。",
        f"Line ends are {name}; some banks want CRLF.",
    )


def eof_mark(length: int) -> Note:
    return Note(
        f"最後にファイルの終わりの印（EOF）が{length}バイトあります。",
        f"{length} bytes of EOF mark stand at the end.",
    )


_END_NAMES = {b"\r\n": "CRLF", b"\n": "LF", b"\r": "CR"}
