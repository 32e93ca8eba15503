"""Every reason for which a bank file is not made, and its words."""

from datetime import date
from enum import StrEnum
from typing import Final

from server.refusal import Refusal, RefusalKind

MOST_AMOUNT: Final = 9_999_999_999
"""Ten digits of a data record."""
MOST_COUNT: Final = 999_999
"""Six digits of the trailer."""
MOST_SUM: Final = 999_999_999_999
"""Twelve digits of the trailer."""


class BankFileCode(StrEnum):
    """Stable codes, the same for gRPC's ErrorInfo, the web and the command line."""

    PAY_DAY = "CHOBA_BANKFILE_PAY_DAY"
    PAY_DAY_HORIZON = "CHOBA_BANKFILE_PAY_DAY_HORIZON"
    AMOUNT = "CHOBA_BANKFILE_AMOUNT"
    AMOUNT_TOO_LARGE = "CHOBA_BANKFILE_AMOUNT_TOO_LARGE"
    BANK_CODE = "CHOBA_BANKFILE_BANK_CODE"
    BRANCH_CODE = "CHOBA_BANKFILE_BRANCH_CODE"
    BANK_UNKNOWN = "CHOBA_BANKFILE_BANK_UNKNOWN"
    BRANCH_UNKNOWN = "CHOBA_BANKFILE_BRANCH_UNKNOWN"
    NAME_CHARACTER = "CHOBA_BANKFILE_NAME_CHARACTER"
    NAME_TOO_LONG = "CHOBA_BANKFILE_NAME_TOO_LONG"
    NAME_EMPTY = "CHOBA_BANKFILE_NAME_EMPTY"
    ACCOUNT_TYPE = "CHOBA_BANKFILE_ACCOUNT_TYPE"
    ACCOUNT_NUMBER = "CHOBA_BANKFILE_ACCOUNT_NUMBER"
    PAYER_CODE = "CHOBA_BANKFILE_PAYER_CODE"
    CUSTOMER_CODE = "CHOBA_BANKFILE_CUSTOMER_CODE"
    EMPTY = "CHOBA_BANKFILE_EMPTY"
    COUNT = "CHOBA_BANKFILE_COUNT"
    SUM = "CHOBA_BANKFILE_SUM"
    LIST_ENCODING = "CHOBA_BANKFILE_LIST_ENCODING"
    LIST_HEADER = "CHOBA_BANKFILE_LIST_HEADER"
    LIST_QUOTES = "CHOBA_BANKFILE_LIST_QUOTES"
    LIST_COLUMNS = "CHOBA_BANKFILE_LIST_COLUMNS"
    OUTPUT_TAKEN = "CHOBA_BANKFILE_OUTPUT_TAKEN"
    FILE = "CHOBA_BANKFILE_FILE"
    DATE = "CHOBA_BANKFILE_DATE"


def _invalid(code: BankFileCode, ja: str, en: str, field: str, **detail: str) -> Refusal:
    return Refusal(code, RefusalKind.INVALID, ja=ja, en=en, field=field, detail=detail)


def not_a_bank_day(day: date, next_day: date | None) -> Refusal:
    """``next_day``: the bank business day after it, where the calendar reaches that far."""
    ja, en = "", ""
    if next_day is not None:
        ja, en = f"次の営業日は{next_day:%Y-%m-%d}です。", f" The next one is {next_day}."
    return _invalid(
        BankFileCode.PAY_DAY,
        f"振込指定日 {day} は銀行の営業日ではありません（土日・祝日・12月31日〜1月3日）。{ja}",
        f"pay_date: {day} is no bank business day.{en}",
        "pay_date",
    )


def past_the_horizon(day: date) -> Refusal:
    return _invalid(
        BankFileCode.PAY_DAY_HORIZON,
        f"振込指定日 {day} の年の祝日がまだ分かりません。暦を更新してから作り直してください。",
        f"pay_date: the holidays of {day.year} are not known yet. Update the calendar first.",
        "pay_date",
    )


def amount_not_positive(found: str = "") -> Refusal:
    """``found``: what was typed, where it is no amount."""
    ja, en = (f"（いまの値: {found!r}）", f"; here is {found!r}") if found else ("", "")
    return _invalid(
        BankFileCode.AMOUNT,
        f"振込金額は1円以上の整数にしてください{ja}。",
        f"amount: whole yen, 1 or more{en}",
        "amount",
    )


def amount_too_large() -> Refusal:
    return _invalid(
        BankFileCode.AMOUNT_TOO_LARGE,
        f"振込金額は10桁（{MOST_AMOUNT:,}円）までです。分けて振り込んでください。",
        f"amount: at most 10 digits ({MOST_AMOUNT:,} yen); split the transfer",
        "amount",
    )


def code_malformed(field: str, digits: int, found: str) -> Refusal:
    """``field``: ``bank_code`` or ``branch_code``."""
    ja, code = (
        ("銀行コード", BankFileCode.BANK_CODE)
        if field == "bank_code"
        else ("支店コード", BankFileCode.BRANCH_CODE)
    )
    lost_ja, lost_en = "", ""
    if found.isascii() and found.isdigit() and len(found) < digits:
        lost_ja = (
            f"先頭の0が消えていませんか（{found.zfill(digits)}）。表計算ソフトではこの列を「文字列」に"
            "してください。"
        )
        lost_en = f" Were leading zeros lost ({found.zfill(digits)})? Make the column text."
    return _invalid(
        code,
        f"{ja}は{digits}桁の数字です（いまの値: {found!r}）。{lost_ja}",
        f"{field}: {digits} digits; here is {found!r}.{lost_en}",
        field,
    )


def bank_unknown(code: str) -> Refusal:
    return _invalid(
        BankFileCode.BANK_UNKNOWN,
        f"銀行コード {code} の金融機関はありません。コードを確かめてください"
        "（統廃合で変わることがあります）。",
        f"bank_code: there is no bank {code}. Check the code; banks merge.",
        "bank_code",
    )


def branch_unknown(bank: str, branch: str, bank_ja: str) -> Refusal:
    return _invalid(
        BankFileCode.BRANCH_UNKNOWN,
        f"{bank_ja}（{bank}）に支店コード {branch} の店舗はありません。コードを確かめてください。",
        f"branch_code: bank {bank} has no branch {branch}. Check the code; branches merge.",
        "branch_code",
    )


def character(field: str, found: str, place: int, hint_ja: str, hint_en: str) -> Refusal:
    """``place``: which character of the name as it was given, from 1."""
    return _invalid(
        BankFileCode.NAME_CHARACTER,
        f"{place}文字目の「{found}」は振込データに書けません。{hint_ja}",
        f"{field}: {found!r} (U+{ord(found):04X}), character {place}, cannot be written.{hint_en}",
        field,
        place=str(place),
        character=found,
    )


def name_too_long(field: str, length: int, most: int) -> Refusal:
    return _invalid(
        BankFileCode.NAME_TOO_LONG,
        f"名前が長すぎます。濁点・半濁点を1字と数えて{most}字までですが、{length}字あります。"
        "銀行の口座名義どおりの略し方にしてください。",
        f"{field}: at most {most} half-width characters (marks count), here are {length}; "
        "shorten it as the bank has it",
        field,
        length=str(length),
        most=str(most),
    )


def name_empty(field: str) -> Refusal:
    return _invalid(
        BankFileCode.NAME_EMPTY,
        "名前がありません。通帳のカタカナの名義を書いてください。",
        f"{field}: the name in kana is missing; write it as the passbook has it",
        field,
    )


def account_type_wrong(found: str) -> Refusal:
    return _invalid(
        BankFileCode.ACCOUNT_TYPE,
        f"預金種目は 1（普通）、2（当座）、4（貯蓄）、9（その他）のどれかです"
        f"（いまの値: {found!r}）。",
        f"account_type: 1 (ordinary), 2 (current), 4 (savings) or 9 (other); here is {found!r}",
        "account_type",
    )


def account_number_wrong(found: str) -> Refusal:
    return _invalid(
        BankFileCode.ACCOUNT_NUMBER,
        f"口座番号は1〜7桁の数字です（いまの値: {found!r}）。",
        f"account_number: 1 to 7 digits; here is {found!r}",
        "account_number",
    )


def payer_code_wrong(found: str) -> Refusal:
    return _invalid(
        BankFileCode.PAYER_CODE,
        f"委託者コードは10桁までの数字です（いまの値: {found!r}）。銀行との契約書を見てください。",
        f"payer_code: at most 10 digits, as the bank has given it; here is {found!r}",
        "payer_code",
    )


def customer_code_wrong(field: str, found: str) -> Refusal:
    return _invalid(
        BankFileCode.CUSTOMER_CODE,
        f"顧客コードは10桁までの数字か空欄です（いまの値: {found!r}）。",
        f"{field}: at most 10 digits, or empty; here is {found!r}",
        field,
    )


def no_transfers() -> Refusal:
    return _invalid(
        BankFileCode.EMPTY,
        "振込が1件もありません。ファイルは作りません。",
        "There is no transfer; no file is made.",
        "transfers",
    )


def too_many(count: int) -> Refusal:
    return _invalid(
        BankFileCode.COUNT,
        f"振込が{count:,}件あります。1つのファイルは6桁（{MOST_COUNT:,}件）までです。分けてください。",
        f"{count:,} transfers; a file holds at most {MOST_COUNT:,}. Split it.",
        "transfers",
    )


def sum_too_large(total: int) -> Refusal:
    return _invalid(
        BankFileCode.SUM,
        f"合計が{total:,}円です。1つのファイルは12桁（{MOST_SUM:,}円）までです。分けてください。",
        f"The sum is {total:,} yen; a file holds at most 12 digits ({MOST_SUM:,}). Split it.",
        "amount",
    )


def list_encoding() -> Refusal:
    return _invalid(
        BankFileCode.LIST_ENCODING,
        "文字コードがUTF-8でもShift_JISでもありません。「CSV UTF-8」で保存し直してください。",
        "The list is neither UTF-8 nor Shift_JIS; save it as CSV UTF-8.",
        "input",
    )


def list_header(missing: list[str], unknown: list[str], wanted: str) -> Refusal:
    ja = "".join(
        [
            f"足りない列: {'、'.join(missing)}。" if missing else "",
            f"知らない列か2つある列: {'、'.join(unknown)}。" if unknown else "",
        ]
    )
    en = f"missing {', '.join(missing) or 'none'}; unknown or twice {', '.join(unknown) or 'none'}"
    return _invalid(
        BankFileCode.LIST_HEADER,
        f"1行目に列の名前を書いてください: {wanted}。{ja}",
        f"The first line has to name the columns: {wanted} ({en}).",
        "input",
    )


def list_quotes() -> Refusal:
    return _invalid(
        BankFileCode.LIST_QUOTES,
        '引用符（"）の使い方が正しくありません。ここから先は読めません。',
        "Quotes are not closed or stand inside a cell; the rest was not read.",
        "input",
    )


def list_columns(found: int, wanted: int) -> Refusal:
    return _invalid(
        BankFileCode.LIST_COLUMNS,
        f"列が{found}個あります。1行目と同じ{wanted}個にしてください。",
        f"{found} cells; the header names {wanted}",
        "input",
    )


def output_taken(path: str) -> Refusal:
    return Refusal(
        BankFileCode.OUTPUT_TAKEN,
        RefusalKind.CONFLICT,
        ja=f"{path} は既にあります。別の名前にするか、置き換えるなら --replace を付けてください。",
        en=f"{path} is there already; name another file, or say --replace.",
        field="output",
    )


def file_unusable(path: str, why: str, field: str) -> Refusal:
    """``why``: in the system's own words."""
    return _invalid(
        BankFileCode.FILE,
        f"{path} を読み書きできません（{why}）。",
        f"{path}: {why}",
        field,
    )


def date_wrong(found: str) -> Refusal:
    return _invalid(
        BankFileCode.DATE,
        f"日付は 2024-06-18 のように書いてください（いまの値: {found!r}）。",
        f"pay_date: write it as 2024-06-18; here is {found!r}",
        "pay_date",
    )
