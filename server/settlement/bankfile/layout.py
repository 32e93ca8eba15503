"""The records of 全銀 総合振込: which field stands where. Writing and checking both go by it.

Records of 120 bytes, JIS X 0201 half-width (CP932). Digits stand right-aligned with zeros, texts
left-aligned with spaces. Offsets count from 0.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from server.settlement.bankfile.kana import Alphabet

RECORD: Final = 120
ENCODING: Final = "cp932"
LINE_END: Final = b"\r\n"
PARTY_LENGTH: Final = 30
PAYER_LENGTH: Final = 40


class Kind(Enum):
    """What a field holds."""

    FIXED = "fixed"
    """One of ``values``."""
    DIGITS = "digits"
    PARTY = "party"
    """A person's or company's name: never empty."""
    PLACE = "place"
    """A bank's or branch's name: informational, may be blank."""
    CUSTOMER = "customer"
    """Digits, or blank; after 識別表示 Y the two are one text for the recipient (EDI)."""
    DAY = "day"
    """MMDD."""
    BLANK = "blank"


@dataclass(frozen=True, slots=True)
class Field:
    """``name``: as code and refusals call it. ``values``: of FIXED, the first is what is written;
    the others are right, too, in a file of somebody else."""

    name: str
    ja: str
    offset: int
    length: int
    kind: Kind
    values: tuple[str, ...] = ()

    @property
    def end(self) -> int:
        return self.offset + self.length


@dataclass(frozen=True, slots=True)
class RecordKind:
    """``mark``: the first byte."""

    mark: str
    ja: str
    en: str
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field:
        return next(field for field in self.fields if field.name == name)


ACCOUNT_TYPES: Final = {"1": "普通", "2": "当座", "4": "貯蓄", "9": "その他"}
_TYPES: Final = tuple(ACCOUNT_TYPES)
_F, _N, _X = Kind.FIXED, Kind.DIGITS, Kind.BLANK

HEADER: Final = RecordKind(
    "1",
    "ヘッダー",
    "header",
    (
        Field("record_type", "データ区分", 0, 1, _F, ("1",)),
        Field("transfer_type", "種別コード", 1, 2, _F, ("21",)),
        Field("code_type", "コード区分", 3, 1, _F, ("0",)),
        Field("payer_code", "委託者コード", 4, 10, _N),
        Field("payer_name", "委託者名", 14, PAYER_LENGTH, Kind.PARTY),
        Field("pay_date", "振込指定日", 54, 4, Kind.DAY),
        Field("bank_code", "仕向銀行番号", 58, 4, _N),
        Field("bank_name", "仕向銀行名", 62, 15, Kind.PLACE),
        Field("branch_code", "仕向支店番号", 77, 3, _N),
        Field("branch_name", "仕向支店名", 80, 15, Kind.PLACE),
        Field("account_type", "預金種目", 95, 1, _F, _TYPES),
        Field("account_number", "口座番号", 96, 7, _N),
        Field("blank", "空き", 103, 17, _X),
    ),
)
DATA: Final = RecordKind(
    "2",
    "データ",
    "data",
    (
        Field("record_type", "データ区分", 0, 1, _F, ("2",)),
        Field("bank_code", "被仕向銀行番号", 1, 4, _N),
        Field("bank_name", "被仕向銀行名", 5, 15, Kind.PLACE),
        Field("branch_code", "被仕向支店番号", 20, 3, _N),
        Field("branch_name", "被仕向支店名", 23, 15, Kind.PLACE),
        Field("clearing_house", "手形交換所番号", 38, 4, _F, ("0000", "    ")),
        Field("account_type", "預金種目", 42, 1, _F, _TYPES),
        Field("account_number", "口座番号", 43, 7, _N),
        Field("recipient", "受取人名", 50, PARTY_LENGTH, Kind.PARTY),
        Field("amount", "振込金額", 80, 10, _N),
        Field("new_code", "新規コード", 90, 1, _F, ("0", "1", "2")),
        Field("customer_code1", "顧客コード1", 91, 10, Kind.CUSTOMER),
        Field("customer_code2", "顧客コード2", 101, 10, Kind.CUSTOMER),
        Field("transfer_class", "振込区分", 111, 1, _F, ("7", "8")),
        Field("edi_mark", "識別表示", 112, 1, _F, (" ", "Y")),
        Field("blank", "空き", 113, 7, _X),
    ),
)
TRAILER: Final = RecordKind(
    "8",
    "トレーラー",
    "trailer",
    (
        Field("record_type", "データ区分", 0, 1, _F, ("8",)),
        Field("count", "合計件数", 1, 6, _N),
        Field("sum", "合計金額", 7, 12, _N),
        Field("blank", "空き", 19, 101, _X),
    ),
)
END: Final = RecordKind(
    "9",
    "エンド",
    "end",
    (
        Field("record_type", "データ区分", 0, 1, _F, ("9",)),
        Field("blank", "空き", 1, 119, _X),
    ),
)
RECORDS: Final = {kind.mark: kind for kind in (HEADER, DATA, TRAILER, END)}
ALPHABETS: Final = {Kind.PARTY: Alphabet.PARTY, Kind.PLACE: Alphabet.PLACE}


def record(kind: RecordKind, values: dict[str, str | int]) -> bytes:
    """One record with its line end. FIXED and blank fields fill themselves where not given.

    Values are checked before; one that doesn't fit is a defect (ValueError).
    """
    parts = [_cell(field, values.get(field.name)) for field in kind.fields]
    unknown = set(values) - {field.name for field in kind.fields}
    if unknown:
        raise ValueError(f"{kind.en} record: no fields {unknown}")
    text = "".join(parts).encode(ENCODING)
    if len(text) != RECORD:
        raise ValueError(f"{kind.en} record: {len(text)} bytes")
    return text + LINE_END


def _cell(field: Field, value: str | int | None) -> str:
    if value is None:
        value = field.values[0] if field.values else ""
    text = str(value)
    numeric = field.kind is Kind.DIGITS or (field.kind is Kind.CUSTOMER and text)
    text = text.zfill(field.length) if numeric else text.ljust(field.length)
    if len(text) != field.length:
        raise ValueError(f"{field.name}: {text!r} does not fit {field.length} bytes")
    return text
