"""Every reason for which an act about payouts is refused, and its words."""

from datetime import date
from enum import StrEnum

from server.refusal import Refusal, RefusalKind
from server.settlement.payouts.types import Bulk, BulkEvent


class PayoutCode(StrEnum):
    """Stable codes, the same for gRPC's ErrorInfo, the web and the command line."""

    KEY = "CHOBA_PAYOUT_KEY"
    KEY_REUSED = "CHOBA_PAYOUT_KEY_REUSED"
    WHY_MISSING = "CHOBA_PAYOUT_WHY_MISSING"
    SERVICE_UNKNOWN = "CHOBA_PAYOUT_SERVICE_UNKNOWN"
    SHOP_UNKNOWN = "CHOBA_PAYOUT_SHOP_UNKNOWN"
    SHOP_NOT_HERE = "CHOBA_PAYOUT_SHOP_NOT_HERE"
    MERCHANT_UNKNOWN = "CHOBA_PAYOUT_MERCHANT_UNKNOWN"
    MINIMUM = "CHOBA_PAYOUT_MINIMUM"
    FEE = "CHOBA_PAYOUT_FEE"
    NO_SETTINGS = "CHOBA_PAYOUT_NO_SETTINGS"
    REQUEST_UNKNOWN = "CHOBA_PAYOUT_REQUEST_UNKNOWN"
    CORRECTION_UNKNOWN = "CHOBA_PAYOUT_CORRECTION_UNKNOWN"
    CORRECTION_AMOUNT = "CHOBA_PAYOUT_CORRECTION_AMOUNT"
    DECIDED = "CHOBA_PAYOUT_DECIDED"
    WAITING = "CHOBA_PAYOUT_WAITING"
    SAME_PERSON = "CHOBA_PAYOUT_SAME_PERSON"
    PAY_DAY_MISSING = "CHOBA_PAYOUT_PAY_DAY_MISSING"
    PAY_DAY_PAST = "CHOBA_PAYOUT_PAY_DAY_PAST"
    UNSENT = "CHOBA_PAYOUT_UNSENT"
    NOTHING_TO_PAY = "CHOBA_PAYOUT_NOTHING_TO_PAY"
    BULK_UNKNOWN = "CHOBA_PAYOUT_BULK_UNKNOWN"
    STATE = "CHOBA_PAYOUT_STATE"
    CHANGED = "CHOBA_PAYOUT_CHANGED"
    FILE_DELETED = "CHOBA_PAYOUT_FILE_DELETED"
    PAYOUT_UNKNOWN = "CHOBA_PAYOUT_UNKNOWN"
    NO_TRANSFER = "CHOBA_PAYOUT_NO_TRANSFER"
    RETURNED = "CHOBA_PAYOUT_RETURNED"


_I, _N, _S = RefusalKind.INVALID, RefusalKind.NOT_FOUND, RefusalKind.STATE


def key_malformed() -> Refusal:
    return Refusal(
        PayoutCode.KEY,
        _I,
        ja="受付番号は英数字と _ . : - で1〜100文字にしてください。",
        en="idempotency_key: 1 to 100 of A-Z a-z 0-9 _ . : -",
        field="idempotency_key",
    )


def key_reused() -> Refusal:
    return Refusal(
        PayoutCode.KEY_REUSED,
        RefusalKind.CONFLICT,
        ja="同じ受付番号で別の操作が済んでいます。新しい番号でやり直してください。",
        en="idempotency_key: it belongs to another request; send yours under a new key",
        field="idempotency_key",
    )


def why_missing(most: int) -> Refusal:
    return Refusal(
        PayoutCode.WHY_MISSING,
        _I,
        ja=f"理由を1〜{most}文字で入力してください。",
        en=f"why: give the reason in 1 to {most} characters",
        field="why",
    )


def unknown(code: PayoutCode, field: str, ja: str, en: str, found: str) -> Refusal:
    """``ja``, ``en``: what there is none of."""
    return Refusal(
        code,
        _N,
        ja=f"{ja}「{found}」はありません。IDを確かめてください。",
        en=f"{field}: there is no {en} {found}",
        field=field,
    )


def service_unknown(found: str) -> Refusal:
    return unknown(PayoutCode.SERVICE_UNKNOWN, "service_id", "サービス", "service", found)


def shop_unknown(found: str) -> Refusal:
    return unknown(PayoutCode.SHOP_UNKNOWN, "shop_id", "店舗", "shop", found)


def merchant_unknown(found: str) -> Refusal:
    return unknown(PayoutCode.MERCHANT_UNKNOWN, "merchant_id", "加盟店", "merchant", found)


def request_unknown(found: str) -> Refusal:
    return unknown(PayoutCode.REQUEST_UNKNOWN, "request_id", "口座の変更申請", "request", found)


def correction_unknown(found: str) -> Refusal:
    return unknown(PayoutCode.CORRECTION_UNKNOWN, "correction_id", "調整", "correction", found)


def bulk_unknown(found: str) -> Refusal:
    return unknown(PayoutCode.BULK_UNKNOWN, "bulk", "支払", "bulk of payouts", found)


def payout_unknown(found: str) -> Refusal:
    return unknown(PayoutCode.PAYOUT_UNKNOWN, "payout_id", "振込", "payout", found)


def shop_not_here(shop: str, service: str) -> Refusal:
    return Refusal(
        PayoutCode.SHOP_NOT_HERE,
        _S,
        ja=f"店舗 {shop} は {service} を扱っていません。サービスを確かめてください。",
        en=f"service_id: shop {shop} does not take {service}",
        field="service_id",
    )


def minimum_wrong(most: int) -> Refusal:
    return Refusal(
        PayoutCode.MINIMUM,
        _I,
        ja=f"最低振込額は1円から{most:,}円までにしてください。",
        en=f"minimum: from 1 to {most:,} yen",
        field="minimum",
    )


def fee_wrong(most: int) -> Refusal:
    return Refusal(
        PayoutCode.FEE,
        _I,
        ja=f"手数料は0円から{most:,}円までにしてください。",
        en=f"fee: from 0 to {most:,} yen",
        field="fee",
    )


def no_settings(service: str) -> Refusal:
    return Refusal(
        PayoutCode.NO_SETTINGS,
        _S,
        ja=f"{service} の支払元の口座と委託者コードが決まっていません。先に設定してください。",
        en=f"service_id: {service} has no payer's code and account yet; set them first",
        field="service_id",
    )


def correction_amount(most: int) -> Refusal:
    return Refusal(
        PayoutCode.CORRECTION_AMOUNT,
        _I,
        ja=f"調整額は0以外で、プラスもマイナスも{most:,}円までにしてください。",
        en=f"amount: not 0, and at most {most:,} yen up or down",
        field="amount",
    )


def decided_already(by: str) -> Refusal:
    return Refusal(
        PayoutCode.DECIDED,
        _S,
        ja=f"すでに{by}さんが決めています。変えるときは新しく申請してください。",
        en=f"{by} has decided it already; to change it, make a new request.",
    )


def waiting_already(request_id: str) -> Refusal:
    return Refusal(
        PayoutCode.WAITING,
        _S,
        ja=f"この振込先には承認待ちの変更申請（{request_id}）があります。先にそれを決めてください。",
        en=f"Request {request_id} of this payee waits to be decided; decide it first.",
        detail={"request_id": request_id},
    )


def same_person(did: str) -> Refusal:
    """``did``: what the same person did before, in Japanese and English, after a slash."""
    ja, en = did.split("/")
    return Refusal(
        PayoutCode.SAME_PERSON,
        RefusalKind.DENIED,
        ja=f"{ja}した人は、これを行えません。別の担当者が行ってください。",
        en=f"Whoever {en} can't do this; somebody else has to.",
    )


DID = {
    BulkEvent.DRAFTED: "下書きを作成/drafted it",
    BulkEvent.FILE_MADE: "ファイルを作成/made its file",
}
REQUESTED = "申請/asked for it"
PROPOSED = "提案/proposed it"


def pay_day_missing() -> Refusal:
    return Refusal(
        PayoutCode.PAY_DAY_MISSING,
        _I,
        ja="新しく締めた期間がありません。繰越や組戻しだけを支払うときは、振込指定日を指定してください。",
        en="pay_day: no close is due; name the day on which to pay what was carried or returned",
        field="pay_day",
    )


def pay_day_past(day: date, today: date) -> Refusal:
    return Refusal(
        PayoutCode.PAY_DAY_PAST,
        _S,
        ja=f"振込指定日 {day} は過ぎています（今日は {today}）。先の営業日を指定してください。",
        en=f"pay_day: {day} is over (today is {today}); name a bank business day to come",
        field="pay_day",
    )


def unsent(bulk: Bulk) -> Refusal:
    return Refusal(
        PayoutCode.UNSENT,
        _S,
        ja=f"{bulk.service_id} の支払 {bulk.number}（{bulk.state.ja}）がまだ送られていません。"
        "先に送るか、破棄してください。",
        en=f"Bulk {bulk.number} of {bulk.service_id} is not sent yet ({bulk.state.en}); send it or "
        "discard it first.",
        detail={"bulk": str(bulk.number)},
    )


def nothing_to_pay(held: int, carried: int) -> Refusal:
    return Refusal(
        PayoutCode.NOTHING_TO_PAY,
        _S,
        ja=f"振り込む相手がいません（保留{held:,}件、繰越{carried:,}件）。すべて次回に残ります。",
        en=f"There is nobody to pay ({held:,} held, {carried:,} carried over); all of it stays.",
        detail={"held": str(held), "carried": str(carried)},
    )


def wrong_state(bulk: Bulk, event: BulkEvent) -> Refusal:
    ja, en = _EVENTS[event]
    return Refusal(
        PayoutCode.STATE,
        _S,
        ja=f"支払 {bulk.number} は「{bulk.state.ja}」のため、{ja}できません。",
        en=f"Bulk {bulk.number} is {bulk.state.en}; it can't be {en}.",
        detail={"state": bulk.state.en, "bulk": str(bulk.number)},
    )


_EVENTS = {
    BulkEvent.DRAFTED: ("下書きに", "drafted"),
    BulkEvent.APPROVED: ("承認", "approved"),
    BulkEvent.DISCARDED: ("破棄", "discarded"),
    BulkEvent.FILE_MADE: ("ファイルを作成", "made into a file"),
    BulkEvent.SENT: ("送付済みに", "marked as sent"),
    BulkEvent.SETTLED: ("支払済みに", "marked as settled"),
    BulkEvent.RETURNED: ("組戻しを記録", "marked as returned"),
}


def changed_since(payee_id: str) -> Refusal:
    return Refusal(
        PayoutCode.CHANGED,
        _S,
        ja=f"下書きのあとに {payee_id} の振込先が変わりました。破棄して作り直してください。",
        en=f"The bank details of {payee_id} changed after the draft; discard it and draft anew.",
        detail={"payee_id": payee_id},
    )


def file_deleted(number: int) -> Refusal:
    return Refusal(
        PayoutCode.FILE_DELETED,
        _S,
        ja=f"支払 {number} のファイルは保存期間が過ぎて削除されています。",
        en=f"The file of bulk {number} was deleted after its retention period.",
    )


def no_transfer(payout_id: str) -> Refusal:
    return Refusal(
        PayoutCode.NO_TRANSFER,
        _S,
        ja=f"{payout_id} は振り込んでいません（保留または繰越）。",
        en=f"{payout_id} was not transferred: it was held or carried over.",
        field="payout_id",
    )


def returned_already(payout_id: str, by: str) -> Refusal:
    return Refusal(
        PayoutCode.RETURNED,
        _S,
        ja=f"{payout_id} の組戻しは、すでに{by}さんが記録しています。",
        en=f"{by} has recorded the return of {payout_id} already.",
        field="payout_id",
    )
