"""Every word of the wallet, Japanese first and English beside it.

A template shows the reader's language; where two people look at one screen (confirm, 確認中, paid,
refused) both stand there. ``{}`` fields are filled by the caller. The fonts are cut to these words:
after a change run ``tools/build_wallet_fonts.py``.
"""

from enum import StrEnum


class Lang(StrEnum):
    """The reader's choice; Japanese unless the switch said otherwise."""

    JA = "ja"
    EN = "en"

    @property
    def other(self) -> "Lang":
        """The one that stands small beside it."""
        return Lang.EN if self is Lang.JA else Lang.JA


WORDS: dict[str, tuple[str, str]] = {
    "all.skip": ("本文へ進む", "Skip to content"),
    "all.back": ("戻る", "Back"),
    "all.stop": ("やめる", "Stop"),
    "all.again": ("もう一度", "Try again"),
    "all.menu": ("メニュー", "Menu"),
    "all.home": ("ホームへ", "Home"),
    "all.help": (
        "お困りのときは {phone}（{hours}）。SMSの番号を、市の職員がうかがうことはありません。",
        "Need help? {phone} ({hours}). Nobody from the city will ever ask for your SMS code.",
    ),
    "all.done": ("完了", "Done"),
    "all.cancelled": ("取消", "Cancelled"),
    "all.checking": ("確認中", "Checking"),
    "kind.voucher": ("商品券", "Voucher"),
    "kind.points": ("ポイント", "Points"),
    "all.and": ("・", ", "),
    # sign in
    "signin.title": ("サインイン", "Sign in"),
    "signin.lead": ("携帯電話の番号で始めます", "Start with your mobile number"),
    "signin.same": (
        "はじめての方も、2回目からの方も、同じ入口です。",
        "The same way in, the first time and every time.",
    ),
    "signin.phone": ("携帯電話の番号", "Mobile number"),
    "signin.phone_hint": (
        "6けたの番号をSMSでお送りします。パスワードはいりません。",
        "We send a 6-digit code by SMS. No password needed.",
    ),
    "signin.send": ("番号を送る", "Send the code"),
    "signin.code_lead": ("SMSの番号を入れてください", "Enter the code from the SMS"),
    "signin.sent_to": ("{phone} に送りました。", "Sent to {phone}."),
    "signin.code": ("SMSで届いた6けたの番号", "6-digit code from the SMS"),
    "signin.code_life": (
        "{minutes}分以内に入れてください。",
        "Please enter it within {minutes} minutes.",
    ),
    "signin.enter": ("サインイン", "Sign in"),
    "signin.resend": ("番号をもう一度送る", "Send the code again"),
    "signin.other_phone": ("電話番号を直す", "Change the number"),
    "signin.going_on": (
        "サインインすると、{shop} のお支払いに戻ります。",
        "After signing in you go on paying at {shop}.",
    ),
    # home
    "home.title": ("ホーム", "Home"),
    "home.tab": ("ホーム", "Home"),
    "home.balances": ("残高", "Balances"),
    "home.total": ("使える合計", "Total"),
    "home.until": ("{day}まで・あと{days}日", "Until {day}, {days} days left"),
    "home.until_today": ("{day}まで・今日まで", "Until {day}: today is the last day"),
    "home.part_until": ("{amount}は {day}まで", "{amount} until {day}"),
    "home.rest_until": ("あとは {day}", "the rest {day}"),
    "home.rest_from": ("あとは {day} から順に", "the rest from {day} on"),
    "home.from": ("{time} から使えます", "Usable from {time}"),
    "home.over": ("使用期間が終わりました", "The period is over"),
    "home.recent": ("最近の利用", "Recent"),
    "home.all": ("すべて見る", "See all"),
    "home.today": ("今日", "Today"),
    "home.yesterday": ("昨日", "Yesterday"),
    "home.none": ("まだ利用はありません。", "Nothing used yet."),
    "home.scan": ("読み取って支払う", "Scan to pay"),
    # scan
    "scan.title": ("読み取る", "Scan"),
    "scan.lead": ("お店の画面のQRを、枠に入れてください", "Point at the QR on the shop’s screen"),
    "scan.starting": ("カメラを準備しています…", "Starting the camera…"),
    "scan.looking": ("さがしています…", "Looking…"),
    "scan.found": ("読み取りました", "Got it"),
    "scan.foreign": ("このお店以外のQRです", "Not this service’s QR"),
    "scan.offline": ("つながりません。もう一度さがします…", "No connection. Looking again…"),
    "scan.light": ("ライト", "Light"),
    "scan.cant": ("読めないとき", "Can’t scan?"),
    "scan.cant_text": (
        "画面から20センチほど離し、光の映りこみを避けてください。スマホのふつうのカメラで読んでも、"
        "同じQRからお支払いの画面が開きます。",
        "Hold the phone about 20 cm away, without glare. Your phone’s own camera opens the same QR "
        "too.",
    ),
    "scan.link": ("QRのリンク", "Link of the QR"),
    "scan.link_hint": (
        "カメラのかわりに、読み取ったリンクをはりつけられます。",
        "Instead of the camera you can paste the link that was read.",
    ),
    "scan.open": ("開く", "Open"),
    "scan.only": (
        "スマホのカメラでも、同じQRからこの画面が開きます。このお店以外のQRは開きません。",
        "Your phone’s camera opens this page from the same QR. No other QR is opened.",
    ),
    "scan.denied": ("カメラを使う許可がありません", "The camera is not allowed"),
    "scan.denied_text": (
        "ブラウザーの設定で、このページのカメラを「許可」にしてください。または、スマホのふつうのカメラでお店のQRを"
        "読み取ってください。同じ画面が開きます。",
        "Allow the camera for this page in the browser’s settings, or point your phone’s own "
        "camera at the shop’s QR: it opens the same page.",
    ),
    "scan.nocamera": ("カメラが見つかりません", "No camera found"),
    "scan.noscript": (
        "このページのカメラは使えません。スマホのふつうのカメラでお店のQRを読み取ってください。",
        "The camera of this page can’t be used. Please point your phone’s own camera at the QR.",
    ),
    # arrive, amount, confirm
    "pay.title": ("お支払い", "Payment"),
    "pay.arrived": ("このお店に支払います", "Paying at"),
    "pay.go_on": ("支払いへ進む", "Go on to pay"),
    "pay.signin_first": ("サインインして進む", "Sign in and go on"),
    "pay.enter_later": ("金額は次の画面で入れます。", "You enter the amount on the next page."),
    "pay.amount": ("お支払い金額", "Amount"),
    "pay.usable": ("使える残高", "Available"),
    "pay.limit": ("上限 {amount}", "Limit {amount}"),
    "pay.digits": ("金額の数字", "Digits of the amount"),
    "pay.erase": ("一文字消す", "Delete one digit"),
    "pay.shop_sees": (
        "入れている金額は、お店の画面にも出ます。",
        "The shop sees what you enter.",
    ),
    "pay.review": ("確認へ進む", "Review"),
    "pay.amount_empty": ("金額を入れてください。", "Please enter the amount."),
    "pay.amount_decimal": (
        "円より小さい額は払えません。小数点のない数字で入れてください。",
        "Only whole yen can be paid. Please enter digits without a decimal point.",
    ),
    "pay.amount_digits": (
        "金額は数字だけで入れてください。",
        "Please enter the amount in digits only.",
    ),
    "pay.amount_zero": ("1円以上の金額を入れてください。", "Please enter ¥1 or more."),
    "pay.amount_negative": (
        "金額は1円以上です。マイナスの印を消してください。",
        "An amount is ¥1 or more. Please remove the minus sign.",
    ),
    "pay.amount_large": (
        "一度に払えるのは {amount} までです。",
        "At most {amount} can be paid at once.",
    ),
    "confirm.title": ("お支払いの確認", "Review"),
    "confirm.not_paid": ("まだお支払い前です", "NOT PAID YET"),
    "confirm.left": ("残り時間", "Time left"),
    "confirm.time_over": ("時間が過ぎました", "TIME IS OVER"),
    "confirm.rescan": (
        "お店の方に、もう一度QRを出してもらってください。",
        "Please ask the shop to show the QR again.",
    ),
    "confirm.fixed": ("お店が決めた金額です", "Set by the shop"),
    "confirm.edit": ("金額を直す", "Change"),
    "confirm.split": ("内訳", "Paid with"),
    "confirm.suggested": ("おすすめ", "Suggested"),
    "confirm.only": ("{service}だけ", "{service} only"),
    "confirm.short": ("{amount} 不足", "{amount} short"),
    "confirm.left_over": ("残り {amount}", "{amount} left"),
    "confirm.how": ("払い方", "How to pay"),
    "confirm.slide": ("{service}を使う量を変える", "Change how many {service}"),
    "confirm.apply": ("この内訳にする", "Use this split"),
    "confirm.first": (
        "{day}で切れる{part}を先に使い、あとの{rest}を{service}で払います。",
        "First {part} that end on {day}, then {rest} of {service}.",
    ),
    "confirm.sooner": (
        "先に切れる{part}から使い、あとの{rest}を{service}で払います。",
        "First {part}, which end sooner, then {rest} of {service}.",
    ),
    "confirm.plain": ("{parts}で払います。", "Paid with {parts}."),
    "confirm.of": ("{service} {amount}", "{amount} of {service}"),
    "confirm.pay": ("{amount}を支払う", "Pay {amount}"),
    "confirm.sending": ("送っています", "Sending"),
    # checking
    "checking.title": ("確認中", "Checking the payment"),
    "checking.asking": (
        "お支払いできたかを、帳簿に問い合わせています。",
        "Asking the ledger whether it is paid.",
    ),
    "checking.dont": (
        "もう一度支払わないでください。この画面を閉じても、結果は履歴に必ず出ます。",
        "Please do not pay again. You may close this page: the result will be in your history.",
    ),
    "checking.neither": (
        "お支払い済みとも、まだとも、決まっていません。",
        "Not known yet whether it is paid. Please do not pay again.",
    ),
    "checking.nth": ("{n}回目の問い合わせ", "Try {n}"),
    "checking.next": ("次は {time} 後", "next in {time}"),
    "checking.now": ("今、問い合わせています", "asking now"),
    "checking.ask": ("今すぐ問い合わせる", "Ask now"),
    "checking.wait": ("履歴で待つ", "Wait in history"),
    "checking.nothing": ("問い合わせ中のお支払いはありません", "No payment is being checked"),
    # paid
    "paid.title": ("お支払い完了", "PAID"),
    "paid.now": ("たった今", "just now"),
    "paid.seconds": ("{n}秒前", "{n} s ago"),
    "paid.minutes": ("{n}分前", "{n} min ago"),
    "paid.code": ("確認コード", "Code"),
    "paid.seal": ("照合印 {seal}。押すと動きます", "Matching seal {seal}. It moves when pressed"),
    "paid.compare": ("お店の画面と見くらべる", "Compare with the shop’s screen"),
    "paid.same": (
        "お店の画面にも、同じ番号と印が出ます。",
        "The shop’s screen shows the same.",
    ),
    "paid.moves": ("印は、ふれると動きます。", "Touch the seal: it moves."),
    "paid.when": ("日時", "Date and time"),
    "paid.id": ("取引ID {service}", "ID {service}"),
    "paid.cancel": ("取消", "Cancel"),
    "paid.cancel_until": ("{time}まで・お店で", "at the shop until {time}"),
    "paid.done": ("ホームへ", "Done"),
    "paid.spoken": (
        "お支払い完了。{amount}円。確認コード {code}。",
        "Paid. {amount} yen. Code {code}.",
    ),
    # refused
    "refused.not_moved": ("お金は動いていません。", "Nothing was paid."),
    "refused.unchanged": ("残高はそのままです。", "Your balance is unchanged."),
    "refused.rescan": ("読み取り直す", "Scan again"),
    "refused.change": ("金額を変える", "Change amount"),
    "refused.split": ("内訳を選び直す", "Choose the split again"),
    "refused.signin": ("サインインし直す", "Sign in again"),
    "refused.pay_again": ("{amount}をもう一度払う", "Pay {amount} again"),
    "refused.see_history": ("履歴を見る", "See history"),
    "refused.short_by": ("足りない分", "Short by"),
    "refused.period": ("使える期間", "Usable"),
    "refused.from": ("{time} から", "from {time}"),
    "refused.until": ("{time} まで", "until {time}"),
    "refused.clock": ("今の時刻", "Now"),
    # history and detail
    "history.title": ("履歴", "History"),
    "history.filter": ("しぼりこみ", "Filter"),
    "history.everything": ("すべて", "All"),
    "history.older": ("もっと前を見る", "Show older"),
    "history.empty": ("まだ利用はありません", "Nothing used yet"),
    "history.empty_filter": (
        "ここまでの一覧に、この種類の利用はありません",
        "Nothing of this kind in this part of the list",
    ),
    "history.today": ("今日 {day}", "Today {day}"),
    "history.pending": ("お支払いの確認中です", "A payment is being checked"),
    "detail.title": ("お支払いの詳細", "Payment details"),
    "detail.record": (
        "この画面は記録です。お店に見せる「お支払い完了」の画面ではありません。",
        "This is a record, not the proof of payment that a shop looks at.",
    ),
    "detail.cancel_until": (
        "取消はお店でできます。{time}まで。",
        "The shop can cancel it until {time}.",
    ),
    "detail.cancel_over": (
        "取消ができる期間は終わりました（{time}まで）。",
        "The time for cancelling is over (until {time}).",
    ),
    "detail.cancelled": (
        "このお支払いは{time}に取り消されました。",
        "This payment was cancelled on {time}.",
    ),
    "detail.after": ("支払い後の残高", "Balance afterwards"),
    "detail.to_history": ("履歴へ", "Back to history"),
    # menu
    "menu.signed_in": ("サインインしています", "You are signed in"),
    "menu.signout": ("サインアウト", "Sign out"),
    "menu.signout_text": (
        "この端末からサインアウトします。残高は消えません。",
        "Signs out on this device. Your balance stays.",
    ),
    "menu.help": ("お問い合わせ", "Help"),
    "menu.licences": (
        "文字: BIZ UDPゴシック（SIL Open Font License 1.1）。読み取り: zxing-wasm（MIT）。",
        "Typeface: BIZ UDPGothic (SIL Open Font License 1.1). Decoder: zxing-wasm (MIT).",
    ),
    # what went wrong around it
    "error.not_found": ("このページはありません", "There is no such page"),
    "error.not_found_text": (
        "リンクが古いか、ほかの方のものです。お金は動いていません。",
        "The link is old or somebody else’s. Nothing was paid.",
    ),
    "error.form": ("画面が古くなっていました", "This page was out of date"),
    "error.form_text": (
        "お金は動いていません。安全のため、前の画面を開き直して、もう一度押してください。",
        "Nothing was paid. To be safe, open the page before again and press once more.",
    ),
    "error.server": ("ただいま開けません", "This can’t be opened right now"),
    "error.server_text": (
        "少し待って、もう一度お試しください。お支払いの結果は、履歴に必ず出ます。",
        "Please wait a little and try again. The result of a payment is always in your history.",
    ),
    "error.plain": ("安全な接続で開いてください", "Please use the secure address"),
    "error.plain_text": (
        "アドレスを https:// で始めて、開き直してください。",
        "Open the address again, starting with https://.",
    ),
}


def say(key: str, lang: Lang, **values: object) -> str:
    """The word ``key`` in a language, its fields filled.

    Raises KeyError for an unknown key or a missing field.
    """
    ja, en = WORDS[key]
    return (ja if lang is Lang.JA else en).format(**values)
