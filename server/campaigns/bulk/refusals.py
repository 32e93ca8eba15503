"""What can be wrong with a file of grants, by line or as a whole."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from server.campaigns.grant_refusals import GrantRefusal
from server.refusal import Refusal, RefusalKind

_I: Final = RefusalKind.INVALID
_S: Final = RefusalKind.STATE


class BulkCode(StrEnum):
    """Never change a value: programs read them."""

    EMPTY = "CHOBA_BULK_EMPTY"
    TOO_LARGE = "CHOBA_BULK_TOO_LARGE"
    TOO_MANY_LINES = "CHOBA_BULK_TOO_MANY_LINES"
    LINE_TOO_LONG = "CHOBA_BULK_LINE_TOO_LONG"
    ENCODING = "CHOBA_BULK_ENCODING"
    SHIFT_JIS = "CHOBA_BULK_SHIFT_JIS"
    UTF_16 = "CHOBA_BULK_UTF_16"
    QUOTES = "CHOBA_BULK_QUOTES"
    CONTROL = "CHOBA_BULK_CONTROL"
    FIELDS = "CHOBA_BULK_FIELDS"
    COLUMN_UNKNOWN = "CHOBA_BULK_COLUMN_UNKNOWN"
    COLUMN_MISSING = "CHOBA_BULK_COLUMN_MISSING"
    COLUMN_TWICE = "CHOBA_BULK_COLUMN_TWICE"
    OPERATION = "CHOBA_BULK_OPERATION"
    KEY_TWICE = "CHOBA_BULK_KEY_TWICE"
    NOTHING_NEW = "CHOBA_BULK_NOTHING_NEW"
    BATCH_UNKNOWN = "CHOBA_BULK_BATCH_UNKNOWN"
    WRONG_LINES = "CHOBA_BULK_WRONG_LINES"
    DIGEST = "CHOBA_BULK_DIGEST"
    STALE = "CHOBA_BULK_STALE"
    BUSY = "CHOBA_BULK_BUSY"
    KEY_REUSED = "CHOBA_BULK_KEY_REUSED"
    NOT_CONFIRMED = "CHOBA_BULK_NOT_CONFIRMED"
    RUNNING = "CHOBA_BULK_RUNNING"
    LINES_LOST = "CHOBA_BULK_LINES_LOST"


_SENTENCES: Final[dict[BulkCode, tuple[RefusalKind, str, str]]] = {
    BulkCode.EMPTY: (
        _I,
        "ファイルに取引の行がありません。見出しの下に1行以上書いてください。",
        "The file has no lines below its header; write at least one.",
    ),
    BulkCode.TOO_LARGE: (
        _I,
        "ファイルが大きすぎます（{most} MiBまで）。分けてください。",
        "The file is larger than {most} MiB; split it.",
    ),
    BulkCode.TOO_MANY_LINES: (
        _I,
        "行が多すぎます（{most}行まで）。ファイルを分けてください。",
        "More than {most} lines; split the file.",
    ),
    BulkCode.LINE_TOO_LONG: (
        _I,
        "行が長すぎます（{most}バイトまで）。",
        "The line is longer than {most} bytes.",
    ),
    BulkCode.ENCODING: (
        _I,
        "文字コードがUTF-8ではありません。UTF-8で保存し直してください。",
        "Not UTF-8; save the file as UTF-8.",
    ),
    BulkCode.SHIFT_JIS: (
        _I,
        "文字コードがShift_JISのようです。「CSV UTF-8」で保存し直してください。",
        "This looks like Shift_JIS; save the file as “CSV UTF-8”.",
    ),
    BulkCode.UTF_16: (
        _I,
        "文字コードがUTF-16です。「CSV UTF-8」で保存し直してください。",
        "The file is UTF-16; save it as “CSV UTF-8”.",
    ),
    BulkCode.QUOTES: (
        _I,
        '引用符（"）が正しく閉じていません。項目の中では "" と2つ続けてください。'
        "項目の中の改行は使えません。",
        'A quotation mark (") is not closed; inside a field write it twice, and no line breaks.',
    ),
    BulkCode.CONTROL: (
        _I,
        "使えない制御文字が含まれています。",
        "The line has control characters in it.",
    ),
    BulkCode.FIELDS: (
        _I,
        "項目の数が見出しと違います（見出し {wanted}、この行 {found}）。",
        "The header has {wanted} fields, this line {found}.",
    ),
    BulkCode.COLUMN_UNKNOWN: (
        _I,
        "見出し「{name}」は使えません。使えるのは {known} です。",
        "Unknown column “{name}”; known are {known}.",
    ),
    BulkCode.COLUMN_MISSING: (
        _I,
        "見出し「{name}」がありません。",
        "Column “{name}” is missing.",
    ),
    BulkCode.COLUMN_TWICE: (
        _I,
        "見出し「{name}」が2つあります。",
        "Column “{name}” is there twice.",
    ),
    BulkCode.OPERATION: (
        _I,
        "operationId は OP2（付与）か OP3（チャージ）です。",
        "operationId: OP2 (grant) or OP3 (charge).",
    ),
    BulkCode.KEY_TWICE: (
        _I,
        "同じ key が {first} 行目にもあります。key は行ごとに変えてください。",
        "The same key stands in line {first}; every line needs its own.",
    ),
    BulkCode.NOTHING_NEW: (
        _S,
        "このファイルの取引はすべて処理済みです。新しく行うものはありません。",
        "Every line of this file was done before; there is nothing to do.",
    ),
    BulkCode.BATCH_UNKNOWN: (
        RefusalKind.NOT_FOUND,
        "この一括処理は見つかりません。もう一度ファイルを確認（プレビュー）してください。",
        "No such batch; preview the file again.",
    ),
    BulkCode.WRONG_LINES: (
        _S,
        "誤りのある行が {count} 行あるため、実行できません。直してもう一度確認してください。",
        "{count} lines are wrong; correct them and preview again. Nothing was done.",
    ),
    BulkCode.DIGEST: (
        _I,
        "確認された内容と一致しません。表示された内容の確認コードを指定してください。",
        "shown_digest: it is not the one of the preview.",
    ),
    BulkCode.STALE: (
        _S,
        "確認のあとで状況が変わりました（利用者、有効期限、処理済みの行など）。"
        "もう一度確認してください。",
        "Something has changed since the preview (a user, an expiry, a line done elsewhere); "
        "preview again. Nothing was done.",
    ),
    BulkCode.BUSY: (
        _S,
        "別の一括処理（{batch}）が実行中です。終わってからもう一度お試しください。",
        "Another batch ({batch}) is running; try again when it is complete.",
    ),
    BulkCode.KEY_REUSED: (
        RefusalKind.CONFLICT,
        "このキーは別の一括処理に使われています。新しいキーを指定してください。",
        "idempotency_key: it names another batch already; use a new one.",
    ),
    BulkCode.NOT_CONFIRMED: (
        _S,
        "この一括処理はまだ実行されていません。",
        "This batch was not confirmed yet.",
    ),
    BulkCode.RUNNING: (
        _S,
        "この一括処理は実行中です。終わってからもう一度お試しください。",
        "This batch is still running; try again when it is complete.",
    ),
    BulkCode.LINES_LOST: (
        _S,
        "一括処理（{batch}）の準備された行が失われています。同じファイルを戻して管理者に"
        "ご相談ください。",
        "Batch {batch} has lost staged lines; restore them from a backup, then resume it.",
    ),
}


class BulkRefusal(Refusal):
    """A file or batch that is refused as a whole; nothing was granted."""

    code: BulkCode


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one line. ``line`` 1 is the header; ``column`` may be empty."""

    line: int
    column: str
    code: str
    ja: str
    en: str


def bulk_refusal(code: BulkCode, *, field: str = "", **facts: str | int) -> BulkRefusal:
    """The refusal of that code."""
    kind, ja, en = _SENTENCES[code]
    said = _said(facts)
    detail = {name: str(fact) for name, fact in facts.items()}
    return BulkRefusal(
        code, kind, ja=ja.format_map(said), en=en.format_map(said), field=field, detail=detail
    )


def problem(line: int, code: BulkCode, column: str = "", **facts: str | int) -> Problem:
    """The same, of one line."""
    _, ja, en = _SENTENCES[code]
    said = _said(facts)
    return Problem(line, column, code.value, ja.format_map(said), en.format_map(said))


def problem_of(line: int, column: str, refused: GrantRefusal) -> Problem:
    """What is refused by hand is refused in a file, in the same words."""
    return Problem(line, column, refused.code.value, refused.ja, refused.en)


def _said(facts: dict[str, str | int]) -> dict[str, str]:
    return {name: f"{fact:,}" if isinstance(fact, int) else fact for name, fact in facts.items()}
