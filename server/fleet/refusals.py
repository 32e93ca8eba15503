"""Why the fleet refuses a device or an operator, in words for people and for programs."""

from dataclasses import dataclass
from enum import StrEnum


class FleetReason(StrEnum):
    """Stable codes for ErrorInfo."""

    PAIRING_REFUSED = "CHOBA_ENROLMENT_CODE_REFUSED"
    """Unknown, used, void, expired, tried too often, or not proved: not told which."""
    REQUEST_INVALID = "CHOBA_ENROLMENT_REQUEST_INVALID"
    TERMINAL_UNKNOWN = "CHOBA_FLEET_TERMINAL_UNKNOWN"
    TERMINAL_IS_STAND = "CHOBA_FLEET_TERMINAL_IS_STAND"
    CERTIFICATE_UNKNOWN = "CHOBA_TERMINAL_CERTIFICATE_UNKNOWN"
    CERTIFICATE_REVOKED = "CHOBA_TERMINAL_CERTIFICATE_REVOKED"
    CERTIFICATE_EXPIRED = "CHOBA_TERMINAL_CERTIFICATE_EXPIRED"
    BLOCKED = "CHOBA_TERMINAL_BLOCKED"
    CLONED = "CHOBA_TERMINAL_CLONED"
    CONNECT_FIRST = "CHOBA_TERMINAL_CONNECT_FIRST"


_SENTENCES: dict[FleetReason, tuple[str, str]] = {
    FleetReason.PAIRING_REFUSED: (
        "登録コードをご確認ください。期限切れか使用済みのときは、運営に新しいコードをご依頼ください。",
        "Please check the pairing code. If it is over or used, ask the office for a new one.",
    ),
    FleetReason.REQUEST_INVALID: (
        "登録の内容を読み取れませんでした。端末を再起動して、もう一度お試しください。",
        "The enrolment request could not be read. Please restart the terminal and try again.",
    ),
    FleetReason.TERMINAL_UNKNOWN: (
        "この端末IDは登録されていません。端末管理でご確認ください。",
        "There is no terminal with this id. Please check the list of terminals.",
    ),
    FleetReason.TERMINAL_IS_STAND: (
        "印刷したQRスタンドに登録コードはありません。端末のIDを指定してください。",
        "A printed stand has no pairing code. Please name a counter terminal.",
    ),
    FleetReason.CERTIFICATE_UNKNOWN: (
        "この端末の証明書を確認できません。運営にご連絡ください。",
        "This terminal's certificate is not known here. Please call the office.",
    ),
    FleetReason.CERTIFICATE_REVOKED: (
        "この端末の登録は取り消されています。運営に新しい登録コードをご依頼ください。",
        "This terminal's enrolment was ended. Please ask the office for a new pairing code.",
    ),
    FleetReason.CERTIFICATE_EXPIRED: (
        "この端末の証明書は期限が切れています。運営に新しい登録コードをご依頼ください。",
        "This terminal's certificate is over. Please ask the office for a new pairing code.",
    ),
    FleetReason.BLOCKED: (
        "この端末は停止されています。運営にご連絡ください。",
        "This terminal is blocked. Please call the office.",
    ),
    FleetReason.CLONED: (
        "同じ証明書の端末が2台あるため停止しました。運営にご連絡ください。",
        "Two terminals use this certificate, so it is blocked. Please call the office.",
    ),
    FleetReason.CONNECT_FIRST: (
        "接続をやり直してください。",
        "Another start of this terminal has connected since; connect again.",
    ),
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """What a person is told, with the remedy."""

    ja: str
    en: str


class FleetRefused(Exception):  # noqa: N818 -- says what is so; callers read it aloud
    """A device or an operator was refused; nothing changed but a count of tries or a block."""

    def __init__(self, reason: FleetReason, field: str = "", detail: str = "") -> None:
        super().__init__(f"{reason}{': ' + detail if detail else ''}")
        self.reason = reason
        self.field = field
        self.detail = detail
        self.sentence = Sentence(*_SENTENCES[reason])
