"""What selling vouchers refuses, each with its sentence. Nothing was changed, nothing moved."""

from enum import StrEnum
from typing import Final

from server.refusal import Refusal, RefusalKind


class CampaignReason(StrEnum):
    """Stable codes."""

    UNKNOWN = "CHOBA_CAMPAIGNS_UNKNOWN"
    ROUND_UNKNOWN = "CHOBA_CAMPAIGNS_ROUND_UNKNOWN"
    TERMS_INVALID = "CHOBA_CAMPAIGNS_TERMS_INVALID"
    TERMS_FIXED = "CHOBA_CAMPAIGNS_TERMS_FIXED"
    SERVICE_UNKNOWN = "CHOBA_CAMPAIGNS_SERVICE_UNKNOWN"
    FILE_INVALID = "CHOBA_CAMPAIGNS_FILE_INVALID"
    PROOF_WRONG = "CHOBA_CAMPAIGNS_PROOF_WRONG"
    PROOF_TRIES = "CHOBA_CAMPAIGNS_PROOF_TRIES"
    PROOF_TAKEN = "CHOBA_CAMPAIGNS_PROOF_TAKEN"
    PROOF_OTHER = "CHOBA_CAMPAIGNS_PROOF_OTHER"
    NOT_ELIGIBLE = "CHOBA_CAMPAIGNS_NOT_ELIGIBLE"
    KEY_MALFORMED = "CHOBA_CAMPAIGNS_KEY_MALFORMED"
    KEY_REUSED = "CHOBA_CAMPAIGNS_KEY_REUSED"
    UNITS = "CHOBA_CAMPAIGNS_UNITS"
    WINDOW = "CHOBA_CAMPAIGNS_WINDOW"
    FROZEN = "CHOBA_CAMPAIGNS_FROZEN"
    NO_APPLICATION = "CHOBA_CAMPAIGNS_NO_APPLICATION"
    LIST_TOO_EARLY = "CHOBA_CAMPAIGNS_LIST_TOO_EARLY"
    LIST_MISSING = "CHOBA_CAMPAIGNS_LIST_MISSING"
    SEED = "CHOBA_CAMPAIGNS_SEED"
    DRAWN = "CHOBA_CAMPAIGNS_DRAWN"
    NOT_DRAWN = "CHOBA_CAMPAIGNS_NOT_DRAWN"
    OVER_WON = "CHOBA_CAMPAIGNS_OVER_WON"
    OVER_PERSON = "CHOBA_CAMPAIGNS_OVER_PERSON"
    SOLD_OUT = "CHOBA_CAMPAIGNS_SOLD_OUT"
    BUSY = "CHOBA_CAMPAIGNS_BUSY"


R = CampaignReason
K = RefusalKind

_WORDS: Final[dict[CampaignReason, tuple[RefusalKind, str, str]]] = {
    R.UNKNOWN: (K.NOT_FOUND, "このキャンペーンはありません。", "There is no such campaign."),
    R.ROUND_UNKNOWN: (
        K.NOT_FOUND,
        "この回の申込・販売はありません。",
        "The campaign has no such round of this kind.",
    ),
    R.TERMS_INVALID: (
        K.INVALID,
        "キャンペーンの設定が正しくありません。",
        "The campaign's terms are wrong.",
    ),
    R.TERMS_FIXED: (
        K.STATE,
        "この項目は、もう変更できません。",
        "This can no longer be changed.",
    ),
    R.SERVICE_UNKNOWN: (
        K.NOT_FOUND,
        "このサービスはありません。先に登録してください。",
        "There is no such service; create it first.",
    ),
    R.FILE_INVALID: (
        K.INVALID,
        "ファイルに誤りがあるため、1行も取り込んでいません。",
        "The file has errors; not one line was taken.",
    ),
    R.PROOF_WRONG: (
        K.DENIED,
        "番号または生年月日が違います。お送りした通知をお確かめください。",
        "The code or the date of birth is not right. Please check the letter.",
    ),
    R.PROOF_TRIES: (
        K.STATE,
        "入力の間違いが続いたため、確認を止めています。明日もう一度お試しになるか、"
        "お問い合わせください。",
        "Too many wrong tries. Please try tomorrow, or ask the office.",
    ),
    R.PROOF_TAKEN: (
        K.CONFLICT,
        "この番号は、ほかのアカウントで確認済みです。お問い合わせください。",
        "This code belongs to another account already. Please ask the office.",
    ),
    R.PROOF_OTHER: (
        K.CONFLICT,
        "このアカウントは、ほかの番号で確認済みです。",
        "This account is linked to another code already.",
    ),
    R.NOT_ELIGIBLE: (
        K.DENIED,
        "購入の対象の確認ができていません。先に、お送りした番号と生年月日を入力してください。",
        "Please enter the mailed code and your date of birth first.",
    ),
    R.KEY_MALFORMED: (
        K.INVALID,
        "受付の番号の形が正しくありません。",
        "idempotency_key: 16 to 64 of A-Z a-z 0-9 - _",
    ),
    R.KEY_REUSED: (
        K.CONFLICT,
        "同じ番号で別の受付があります。",
        "This key belongs to another request.",
    ),
    R.UNITS: (
        K.INVALID,
        "口数が正しくありません。",
        "The number of units is out of its bounds.",
    ),
    R.WINDOW: (K.STATE, "受付の期間ではありません。", "The window is not open."),
    R.FROZEN: (
        K.STATE,
        "申込の一覧が確定したため、変更できません。",
        "The list of applications is frozen.",
    ),
    R.NO_APPLICATION: (K.STATE, "申込がありません。", "There is no application."),
    R.LIST_TOO_EARLY: (
        K.STATE,
        "申込の期間が終わってから、一覧を確定してください。",
        "Freeze the list after the application window has ended.",
    ),
    R.LIST_MISSING: (
        K.STATE,
        "先に申込の一覧を確定し、公表してください。",
        "Freeze and publish the list of applications first.",
    ),
    R.SEED: (
        K.INVALID,
        "抽選の種の文字列が正しくありません。",
        "seed: one line of 1 to 200 characters, as the event gave it",
    ),
    R.DRAWN: (
        K.CONFLICT,
        "この抽選は、別の種で済んでいます。",
        "This draw has been held with another seed.",
    ),
    R.NOT_DRAWN: (K.STATE, "抽選がまだ済んでいません。", "The draw has not been held yet."),
    R.OVER_WON: (
        K.STATE,
        "当選した口数を超えています。",
        "That is more than was won.",
    ),
    R.OVER_PERSON: (
        K.STATE,
        "お一人で買える口数を超えています。",
        "That is more than one person may buy.",
    ),
    R.SOLD_OUT: (K.STATE, "売り切れました。", "Sold out."),
    R.BUSY: (
        K.STATE,
        "混み合っています。同じ操作をもう一度お試しください。",
        "Busy; run the same again.",
    ),
}


def refuse(
    reason: CampaignReason,
    *,
    field: str = "",
    en: str = "",
    ja: str = "",
    detail: dict[str, str] | None = None,
) -> Refusal:
    """The refusal for a reason. ``en``, ``ja``: what is wrong just here, after the sentence."""
    kind, sentence_ja, sentence_en = _WORDS[reason]
    return Refusal(
        reason,
        kind,
        ja=f"{sentence_ja}{ja}",
        en=f"{sentence_en} {en}".strip(),
        field=field,
        detail=detail,
    )
