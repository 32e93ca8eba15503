"""The fixed words of the screens, Japanese and English.

Natural, polite Japanese for a shop's staff; plain English beside it. Nothing here says 失敗:
a payment is done, not done yet, or being checked.
"""

from typing import Final

from device.core.language import Bilingual
from device.ui.views import (
    AmountSource,
    Doubt,
    LegKind,
    Link,
    Mismatch,
    Part,
    PrinterTrouble,
    RowState,
    SlipState,
)


def phrases(text: str) -> str:
    """A sentence whose ``|`` mark where it may be broken: zero-width spaces, never drawn."""
    return text.replace("|", "\u200b")


# --- bar ---
BACK: Final = Bilingual("戻る", "Back")
TO_ENGLISH: Final = "EN"
TO_JAPANESE: Final = "日本語"
TRAINING: Final = Bilingual("練習", "Training")
LINKS: Final = {
    Link.ONLINE: Bilingual("つながっています", "Online"),
    Link.WEAK: Bilingual("電波が弱い", "Weak"),
    Link.OFFLINE: Bilingual("通信なし・QRは使えます", "Offline"),
}
LINKS_SHORT: Final = {
    Link.ONLINE: Bilingual("通信OK", "Online"),
    Link.WEAK: Bilingual("弱い", "Weak"),
    Link.OFFLINE: Bilingual("通信なし", "Offline"),
}

# --- standby ---
SCAN: Final = Bilingual("スマホのカメラで読み取ってください", "Scan with your phone camera to pay")
TODAY_TOTAL: Final = Bilingual("本日", "Today")
TRAINING_TOTAL: Final = Bilingual("練習分", "Training")
COUNT: Final = Bilingual("件", "")
TODAYS_SALES: Final = Bilingual("今日の分", "Today")
CANCEL_BY: Final = Bilingual("取消", "Cancel by")
CANCEL_SHORT: Final = Bilingual("取消", "Cancel")
PAID_ON: Final = Bilingual("入金", "Paid")
ENTER_AMOUNT: Final = Bilingual("金額入力", "Enter amount")
TODAY_LIST: Final = Bilingual("本日の一覧", "Today")
MENU: Final = Bilingual("メニュー", "Menu")
LEGS: Final = {
    LegKind.MONEY: Bilingual("マネー", "Money"),
    LegKind.POINTS: Bilingual("ポイント", "Points"),
    LegKind.VOUCHER: Bilingual("商品券", "Voucher"),
}
LEGS_SHORT: Final = {
    LegKind.MONEY: Bilingual("マ", "M "),
    LegKind.POINTS: Bilingual("ポ", "P "),
    LegKind.VOUCHER: Bilingual("商", "V "),
}
PRINTER: Final = {
    PrinterTrouble.PAPER_OUT: Bilingual("プリンターの紙がありません", "Printer is out of paper"),
    PrinterTrouble.COVER_OPEN: Bilingual("プリンターのふたが開いています", "Printer cover is open"),
    PrinterTrouble.SILENT: Bilingual("プリンターの返事がありません", "Printer does not answer"),
    PrinterTrouble.FAULT: Bilingual("プリンターに不具合があります", "Printer has a fault"),
}
PRINTER_DONE: Final = {
    PrinterTrouble.PAPER_OUT: Bilingual("紙を入れた", "Refilled"),
    PrinterTrouble.COVER_OPEN: Bilingual("閉めた", "Closed it"),
    PrinterTrouble.SILENT: Bilingual("もう一度", "Try again"),
    PrinterTrouble.FAULT: Bilingual("もう一度", "Try again"),
}
LATER: Final = Bilingual("後で", "Later")
EARLIER: Final = Bilingual("先ほどのお支払い", "Earlier")
NOTED: Final = Bilingual("見ました", "Noted")
CODE: Final = Bilingual("確認コード", "Code")
CODE_LONG: Final = Bilingual("確認コード", "Confirmation code")
SLIPS: Final = {
    SlipState.PRINTED: Bilingual("控え印刷ずみ", "Slip printed"),
    SlipState.WAITING: Bilingual("控え印刷待ち", "Slip waits"),
    SlipState.NONE: Bilingual("", ""),
}

# --- amount, QR ---
AMOUNT_TO_PAY: Final = Bilingual("お支払い金額", "Amount to pay")
AMOUNT: Final = Bilingual("お支払い金額", "Amount")
CLEAR: Final = Bilingual("全部消す", "Clear")
SHOW_QR: Final = Bilingual("QRを出す", "Show QR")
KEY_IN: Final = Bilingual("金額を入れてください", "Key in the amount")
WAITING_SCAN: Final = Bilingual("読み取りをお待ちしています", "Waiting for the customer to scan")
EDIT: Final = Bilingual("金額を直す", "Edit")
CANCEL: Final = Bilingual("中止", "Cancel")

# --- claimed ---
CLAIMED: Final = Bilingual("お客様が操作中", "Customer is paying")
CLAIMED_SAY: Final = {
    AmountSource.CUSTOMER: Bilingual(
        "お客様がスマホで金額を入力しています",
        "The customer is entering the amount on their phone",
    ),
    AmountSource.STAFF: Bilingual(
        "お客様がスマホで金額を確かめています",
        "The customer is confirming the amount on their phone",
    ),
}
CLAIMED_SAY_NARROW: Final = {
    AmountSource.CUSTOMER: Bilingual(
        "お客様がスマホで金額を入力しています", "The customer is entering the amount"
    ),
    AmountSource.STAFF: Bilingual(
        "お客様がスマホで金額を確かめています", "The customer is confirming the amount"
    ),
}
CLAIMED_AMOUNT: Final = {
    AmountSource.CUSTOMER: Bilingual("お客様が入力している金額", "Being entered"),
    AmountSource.STAFF: Bilingual("お支払いいただく金額", "Amount asked for"),
}
NOTHING_ENTERED: Final = Bilingual("まだ入力がありません", "Nothing entered yet")
STOP_SALE: Final = Bilingual("中止する", "Cancel")
START_OVER: Final = Bilingual("やり直し", "Start over")
NOT_PAID_YET: Final = Bilingual("まだお支払い前です", "NOT PAID YET")

# --- paid ---
PAID: Final = Bilingual("お支払い完了", "PAID")
PAID_TRAINING: Final = Bilingual("練習・お支払い完了", "TRAINING - NOT REAL MONEY")
SAME_ON_PHONE: Final = (
    Bilingual("お客様の画面にも", "The customer's phone"),
    Bilingual("同じ番号と印が出ます", "shows the same two"),
)
SAME_ON_PHONE_NO_SEAL: Final = (
    Bilingual("お客様の画面にも", "The customer's phone"),
    Bilingual("同じ番号が出ます", "shows the same code"),
)
SAME_SMALL: Final = Bilingual("スマホと同じ印", "Same on their phone")
NEXT: Final = Bilingual("次のお客様", "Next")

# --- checking ---
CHECKING: Final = Bilingual("確認中", "Checking")
CHECKING_LONG: Final = Bilingual("お支払いを確かめています", "Checking the payment")
CHECKING_SAY: Final = {
    Doubt.OUTCOME_UNKNOWN: Bilingual(
        phrases("お支払い済みかどうかを|確かめています。"), "Neither paid nor unpaid yet."
    ),
    Doubt.CANCELLING: Bilingual(
        phrases("中止の前に、|お支払いがなかったか|確かめています。"),
        "Making sure nothing was paid first.",
    ),
    Doubt.EXPIRED: Bilingual(
        phrases("受付を終えます。|お支払いがなかったか|確かめています。"),
        "Closing this sale: making sure nothing was paid.",
    ),
    Doubt.RESTARTED: Bilingual(
        phrases("再起動の前の|お支払いを|確かめています。"),
        "Checking a payment from before the restart.",
    ),
}
DONT_ASK: Final = Bilingual(
    phrases("お客様に、|もう一度|お支払いを|求めないでください。"),
    "Please do not ask the customer to pay again.",
)
SALE: Final = Bilingual("の分", "Sale")
CHECK_BY_CODE: Final = Bilingual("番号で確かめる", "Check by code")
CHECK_LATER: Final = Bilingual("後で確かめる", "Later, back to the QR")
CUSTOMERS_AMOUNT: Final = Bilingual("金額はお客様が入力", "Entered by customer")

# --- offline check ---
OFFLINE_CHECK: Final = Bilingual("オフライン確認", "Check by code")
STEP_AMOUNT: Final = Bilingual("① お客様が払った金額", "Amount")
STEP_CODE: Final = Bilingual("② お客様の確認コード", "Code")
CHECKED_HERE: Final = Bilingual(
    "本物の番号か、この端末が自分で計算します", "Checked here, without the network"
)
CHECK: Final = Bilingual("確かめる", "Check")
CODE_TRUE: Final = Bilingual("正しい番号です", "Genuine code")
CODE_TRUE_SAY: Final = Bilingual("お支払い済みの番号です", "The code is genuine: this sale is paid")
NOT_RECONCILED: Final = Bilingual("帳簿との照合はこれから", "Ledger not asked yet")
RECONCILE_SAY: Final = (
    Bilingual("通信が戻ると自動で照合します。", "Reconciled when the network is back,"),
    Bilingual("もう一度お知らせはしません。", "and not announced again."),
)
PRINT_SLIP: Final = Bilingual("控えを印刷", "Print")
CODE_FALSE: Final = {
    Mismatch.NO_MATCH: Bilingual("番号が合いません", "The code does not match"),
    Mismatch.ALREADY_USED: Bilingual("使用済みの番号です", "This code was used before"),
}
CODE_FALSE_SAY: Final = {
    Mismatch.NO_MATCH: Bilingual(
        phrases("お支払いは、|まだ|確かめられていません。"), "This payment is not confirmed yet."
    ),
    Mismatch.ALREADY_USED: Bilingual(
        phrases("この番号は、|前のお支払いで|確かめました。"), "It confirmed an earlier payment."
    ),
}
LOOK_AGAIN: Final = (
    Bilingual("お客様の画面の「金額」と「6けたの番号」を見なおして、", "Look at the amount"),
    Bilingual("もう一度入れてください。", "and the six digits again."),
)
LOOK_AGAIN_NARROW: Final = (
    Bilingual("お客様の画面の「金額」と", "Look at the amount"),
    Bilingual("「6けたの番号」を見なおして、", "and the six digits"),
    Bilingual("もう一度入れてください。", "again."),
)
ENTERED: Final = Bilingual("入れた内容", "Entered")
STOP_CHECK: Final = Bilingual("やめる", "Stop")
TRY_AGAIN: Final = Bilingual("もう一度入れる", "Try again")
FIVE_WRONG: Final = Bilingual("ちがう番号が5回入りました。", "Five wrong codes were entered.")
LOOK_AT_PHONE: Final = (
    Bilingual("お客様の画面が、", "See that the phone shows"),
    Bilingual(phrases("いまのお支払いの|ものか見てください。"), "the payment of just now."),
)
AUTOMATIC: Final = Bilingual(
    phrases("通信が戻れば、|番号がなくても|自動で確かめます。"),
    "Once the network is back, no code is needed.",
)
BACK_TO_QR: Final = Bilingual("QRに戻る", "Back to the QR")
PLEASE_WAIT: Final = Bilingual("お待ちください", "Please wait")

# --- today ---
CHIPS: Final = {
    RowState.PAID: Bilingual("完了", "Paid"),
    RowState.LATE: Bilingual("先ほど", "Earlier"),
    RowState.CANCELLED: Bilingual("取消", "Void"),
    RowState.CHECKING: Bilingual("確認中", "Check"),
    RowState.CODE_GENUINE: Bilingual("番号OK", "Code"),
}
DAY_REPORT: Final = Bilingual("日計を印刷", "Day report")
REPRINT: Final = Bilingual("もう一度印刷【再発行】", "Reprint")
DETAIL: Final = Bilingual("支払いの詳細", "Detail")
CHOOSE_ROW: Final = (
    Bilingual("左の行にふれると", "Tap a row"),
    Bilingual("くわしく出ます", "to see more"),
)
NOTHING_TODAY: Final = Bilingual("まだお支払いはありません", "No payments yet")
UNKNOWN_AMOUNT: Final = Bilingual("金額不明", "Unknown")

# --- network ---
DEVICES: Final = Bilingual("通信と機器", "Devices")
PARTS: Final = {
    Part.CABLE: Bilingual("有線LAN", "Cable"),
    Part.WIFI: Bilingual("Wi-Fi", "Wi-Fi"),
    Part.MOBILE: Bilingual("モバイル", "Mobile"),
    Part.SERVER: Bilingual("サーバー", "Server"),
    Part.MESSAGES: Bilingual("お知らせ受信", "Messages"),
    Part.CLOCK: Bilingual("時計", "Clock"),
    Part.PRINTER: Bilingual("プリンター", "Printer"),
    Part.PAPER: Bilingual("用紙", "Paper"),
}
CHECK_AGAIN: Final = Bilingual("もう一度調べる", "Check again")
PROBING: Final = Bilingual("調べています", "Checking")

# --- menu, notice, out of service ---
NOTICES: Final = Bilingual("お知らせ", "Notices")
NO_NOTICES: Final = Bilingual("お知らせはありません", "No notices")
MENU_TODAY: Final = Bilingual("お支払いの一覧と再発行", "Payments, reprints")
MENU_REPORT: Final = Bilingual("今日の件数と合計を紙に", "Today's totals on paper")
MENU_CHECK: Final = Bilingual("通信がないときの確認", "When the network is down")
MENU_DEVICES: Final = Bilingual("回線・プリンター・時計", "Links, printer, clock")
MENU_NOTICES: Final = Bilingual("運営からのお知らせ", "From the operator")
LANGUAGE: Final = Bilingual("English", "日本語")
MENU_LANGUAGE: Final = Bilingual("英語を大きく表示", "Show Japanese large")
OUT_OF_SERVICE: Final = Bilingual("休止中", "Out of service")
NOT_AVAILABLE: Final = (
    Bilingual("いまQRでのお支払いは", "QR payment"),
    Bilingual("ご利用いただけません", "is not available now"),
)
ASK_STAFF: Final = Bilingual("お店の人におたずねください", "Please ask the staff.")
FOR_STAFF: Final = Bilingual("お店の方へ", "For staff")
RETRY: Final = Bilingual("もう一度", "Retry")


def age(seconds: int) -> Bilingual:
    """How long ago: たった今 below 3 s, then seconds, minutes, hours."""
    if seconds < 3:
        return Bilingual("たった今", "just now")
    if seconds < 60:
        return Bilingual(f"{seconds}秒前", f"{seconds} s ago")
    if seconds < 3600:
        return Bilingual(f"{seconds // 60}分前", f"{seconds // 60} min ago")
    return Bilingual(f"{seconds // 3600}時間前", f"{seconds // 3600} h ago")


def closes_in(seconds: int) -> Bilingual:
    """あと 1分48秒で受付を終えます."""
    return Bilingual(
        f"あと {_minutes_ja(seconds)}で受付を終えます", f"Closes in {_minutes_en(seconds)}"
    )


def wait(seconds: int) -> Bilingual:
    """あと47秒お待ちください."""
    return Bilingual(
        f"あと{_minutes_ja(seconds)}お待ちください", f"Locked for {_minutes_en(seconds)}"
    )


def wait_short(seconds: int) -> Bilingual:
    """あと47秒, where お待ちください stands below."""
    return Bilingual(f"あと{_minutes_ja(seconds)}", f"{_minutes_en(seconds)}")


def tries(left: int) -> Bilingual:
    """あと5回まで."""
    return Bilingual(f"あと{left}回まで", f"{left} tries left" if left != 1 else "1 try left")


def asking(attempt: int, next_try_s: int | None) -> Bilingual:
    """3回目の問い合わせ・次は5秒後."""
    if next_try_s is None:
        return Bilingual(f"{attempt}回目の問い合わせ中", f"Try {attempt}, asking now")
    return Bilingual(
        f"{attempt}回目の問い合わせ・次は{next_try_s}秒後", f"Try {attempt}, next in {next_try_s} s"
    )


def sale_at(time: str) -> Bilingual:
    """14:31 の分."""
    return Bilingual(f"{time} の分", f"Sale at {time}")


def qr_at(time: str) -> Bilingual:
    """14:31 のQR."""
    return Bilingual(f"{time} のQR", f"QR of {time}")


def limit(text: str) -> Bilingual:
    """上限 ¥50,000."""
    return Bilingual(f"上限 {text}", f"Limit {text}")


def over_limit(text: str) -> Bilingual:
    """上限 ¥50,000 をこえています."""
    return Bilingual(f"上限 {text} をこえています", f"Over the limit of {text}")


def slips_waiting(count: int) -> Bilingual:
    """お支払いは続けられます（控え2枚待ち）."""
    if count == 0:
        return Bilingual("お支払いは続けられます", "Payments go on")
    return Bilingual(
        f"お支払いは続けられます（控え{count}枚待ち）", f"Payments go on ({count} slips wait)"
    )


def more(count: int) -> Bilingual:
    """ほか2件."""
    return Bilingual(f"ほか{count}件", f"{count} more")


def safe(count: int, amount: str) -> Bilingual:
    """これまでの23件 ¥48,600は守られています."""
    return Bilingual(
        f"これまでの{count}件 {amount}は守られています", f"Today's {count} ({amount}) are safe"
    )


def go_on(waiting: int) -> Bilingual:
    """次のお客様, or 次へ（あと2件） while further payments wait to be shown."""
    if waiting == 0:
        return NEXT
    return Bilingual(f"次へ（あと{waiting}件）", f"Next ({waiting} more)")


def _minutes_ja(seconds: int) -> str:
    return f"{seconds // 60}分{seconds % 60:02d}秒" if seconds >= 60 else f"{seconds}秒"


def _minutes_en(seconds: int) -> str:
    return f"{seconds // 60} min {seconds % 60:02d} s" if seconds >= 60 else f"{seconds} s"
