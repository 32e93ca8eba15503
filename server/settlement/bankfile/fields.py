"""The rule of each field of a record that was read."""

from dataclasses import dataclass

from server.settlement.bankfile import findings as say
from server.settlement.bankfile.findings import Finding, FindingCode
from server.settlement.bankfile.framing import Frame
from server.settlement.bankfile.kana import Alphabet
from server.settlement.bankfile.layout import (
    ACCOUNT_TYPES,
    ALPHABETS,
    ENCODING,
    Field,
    Kind,
    RecordKind,
)

_KANJI_LEAD = (*range(0x81, 0xA0), *range(0xE0, 0xFD))


@dataclass(frozen=True, slots=True)
class Reading:
    """A record of 120 bytes whose kind is known."""

    frame: Frame
    kind: RecordKind

    def data(self, field: Field) -> bytes:
        return self.frame.data[field.offset : field.end]

    def text(self, name: str) -> str:
        return say.shown(self.data(self.kind.field(name)))

    def number(self, name: str) -> int | None:
        """None where something else than digits stands."""
        data = self.data(self.kind.field(name))
        return int(data) if data.isdigit() else None


def check_field(reading: Reading, field: Field) -> Finding | None:
    """What is wrong with it: the first thing."""
    match field.kind:
        case Kind.FIXED:
            found = _fixed(reading, field)
        case Kind.DIGITS:
            found = _digits(reading, field)
        case Kind.PARTY | Kind.PLACE:
            found = _name(reading, field)
        case Kind.CUSTOMER:
            found = _customer(reading, field)
        case Kind.BLANK:
            found = _blank(reading, field)
        case Kind.DAY:
            found = None  # PayDayCheck
    return found


def _fixed(reading: Reading, field: Field) -> Finding | None:
    data = reading.data(field)
    if data in [value.encode(ENCODING) for value in field.values]:
        return None
    if field.name == "transfer_type":
        ja, en = "総合振込は 21 です（11・12・71・72 は給与・賞与）", "21 is a bulk transfer"
    elif field.name == "code_type":
        ja, en = "JISコードは 0 です", "0 is JIS"
    elif field.values == tuple(ACCOUNT_TYPES):
        names = "、".join(f"{key}（{name}）" for key, name in ACCOUNT_TYPES.items())
        ja, en = f"{names}のどれかです", "1, 2, 4 or 9 is needed"
    else:
        wanted = "・".join(_visible(value) for value in field.values)
        ja, en = f"{wanted} でなければなりません", f"{wanted} is needed"
    return say.at_field(FindingCode.VALUE, reading, field.name, ja, en)


def _digits(reading: Reading, field: Field) -> Finding | None:
    data = reading.data(field)
    wrong = next((place for place, byte in enumerate(data) if not 0x30 <= byte <= 0x39), None)
    if wrong is not None:
        return _byte(reading, field, wrong, "数字ではありません（右詰め、残りは0）", "no digit")
    if field.name in ("amount", "sum", "count") and not int(data):
        return say.at_field(
            FindingCode.VALUE, reading, field.name, "0です。1以上が必要です", "is 0; 1 or more"
        )
    return None


def _name(reading: Reading, field: Field) -> Finding | None:
    data = reading.data(field)
    wrong = _first_wrong(data, ALPHABETS[field.kind])
    if wrong is not None:
        return _byte(
            reading, field, wrong, "この項目に書けない文字です", "not a character for this field"
        )
    if not data.strip(b" "):
        if field.kind is Kind.PLACE:
            return None
        return say.at_field(
            FindingCode.VALUE, reading, field.name, "名前がありません", "the name is missing"
        )
    return _left(reading, field)


def _customer(reading: Reading, field: Field) -> Finding | None:
    data = reading.data(field)
    if reading.text("edi_mark") == "Y":
        wrong = _first_wrong(data, Alphabet.PARTY)
        if wrong is not None:
            return _byte(
                reading, field, wrong, "書けない文字です", "not a character for this field"
            )
        return None
    if not data.strip(b" ") or data.isdigit():
        return None
    wrong = next(place for place, byte in enumerate(data) if not 0x30 <= byte <= 0x39)
    return _byte(
        reading, field, wrong, "数字10桁か、すべて空白です", "10 digits, or all of it blank"
    )


def _blank(reading: Reading, field: Field) -> Finding | None:
    data = reading.data(field)
    wrong = next((place for place, byte in enumerate(data) if byte != 0x20), None)
    if wrong is None:
        return None
    return _byte(reading, field, wrong, "空白でなければなりません", "must be blank")


def _left(reading: Reading, field: Field) -> Finding | None:
    if reading.data(field).startswith(b" "):
        return say.at_field(
            FindingCode.VALUE,
            reading,
            field.name,
            "左詰めでなければなりません（先頭が空白です）",
            "must stand at the left; a space is first",
        )
    return None


def _first_wrong(data: bytes, alphabet: Alphabet) -> int | None:
    for place, byte in enumerate(data):
        sign = bytes((byte,)).decode(ENCODING, "replace")
        if sign not in alphabet.value:
            return place
    return None


def _byte(reading: Reading, field: Field, place: int, ja: str, en: str) -> Finding:
    """The fault is one byte: it is named with its number and, where it is one, its character."""
    data = reading.data(field)
    what_ja, what_en = _named(data, place)
    return say.at_field(
        FindingCode.CHARACTER,
        reading,
        field.name,
        f"{what_ja}は{ja}",
        f"{what_en}: {en}",
        inside=place,
    )


def _named(data: bytes, place: int) -> tuple[str, str]:
    byte = data[place]
    pair = data[place : place + 2]
    if byte in _KANJI_LEAD:
        try:
            wide = pair.decode(ENCODING)
        except UnicodeDecodeError:
            wide = ""
        if wide:
            return f"全角文字「{wide}」（{pair.hex(' ')}）", f"the full-width {wide!r}"
    sign = say.shown(bytes((byte,)))
    if sign.startswith("\\x"):
        return f"バイト {byte:02x}（文字ではありません）", f"byte {byte:02x}, no character"
    return f"「{_visible(sign)}」（{byte:02x}）", f"{sign!r} ({byte:02x})"


def _visible(text: str) -> str:
    return text.replace(" ", "空白") if not text.strip() else text
