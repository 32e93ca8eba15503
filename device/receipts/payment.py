"""ご利用票: the slip of one payment, and 【仮控え】, what is printed while the ledger is silent."""

from typing import assert_never

from device.receipts import parts
from device.receipts.data import Balance, Copy, Leg, PaymentSlip, ProvisionalSlip, Training
from device.receipts.dates import clock, expiry, in_tokyo, until
from device.receipts.layout import (
    bar,
    centred,
    code_and_seal,
    grouped_id,
    pad,
    pair,
    plain,
    rule,
    says,
    slip,
    total,
    with_gap,
    yen,
)
from device.receipts.text import fold, kinsoku
from hardware.paper import GROUP_GAP, Cut, Line, Run, Size, Slip, columns_of

TITLE = "ご利用票"


def payment_slip(width: int, data: PaymentSlip) -> Slip:
    """One copy of a payment's slip, original, reprinted or of training."""
    across = parts.rule_of(width, data.mark)
    training = isinstance(data.mark, Training)
    return slip(
        width,
        [
            parts.mark_above(width, data.mark),
            centred(width, TITLE, size=Size.DOUBLE, bold=True),
            parts.whose(width, data.copy),
            across,
            parts.who(width, data.counter),
            parts.when(width, data.paid_at, data.source),
            across,
            _legs(width, data.legs, training=training),
            across,
            total(width, "練習合計" if training else "ご利用合計", data.total),
            across,
            code_and_seal(width, data.confirmation_code, data.seal),
            [] if training else says(width, parts.screen_note(data.copy)),
            across,
            _training_note(width) if training else _after(width, data),
            across,
            parts.foot(width, data.office),
            parts.mark_below(width, data.mark),
            Cut(),
        ],
    )


def _spent(legs: tuple[Leg, ...]) -> list[Leg]:
    return [leg for leg in legs if leg.amount]


def _legs(width: int, legs: tuple[Leg, ...], *, training: bool) -> list[Line]:
    blocks = []
    for leg in _spent(legs):
        name = fold(leg.service_name)
        if training:
            name, shown = f"練習 {name}", "練習のためありません"
        else:
            shown = grouped_id(leg.transaction_id)
        amount = pair(width, name, yen(leg.amount), left_bold=True, right_bold=True)
        blocks.append([*amount, *pair(width, "取引ID", shown)])
    apart = [with_gap(block, GROUP_GAP) for block in blocks[:-1]]
    return [line for block in [*apart, *blocks[-1:]] for line in block]


def _after(width: int, data: PaymentSlip) -> list[Line]:
    """Everything that is true only after a real payment: balances, cancel, pay days."""
    year = in_tokyo(data.paid_at).year
    deadline = pair(width, "取消の期限", until(data.cancel_before, year), right_bold=True)
    match data.copy:
        case Copy.CUSTOMER:
            left = balances(width, "お支払い後の残高", data.balances, year)
            over = [*left, rule(width)] if left else []
            return [*over, *deadline, *_refund_note(width, data)]
        case Copy.SHOP:
            note = _combined_note(width, data)
            days = [(leg.service_name, leg.payout) for leg in _spent(data.legs)]
            known = [(name, payout) for name, payout in days if payout is not None]
            table = [rule(width), *parts.pay_days(width, known, year)] if known else []
            return [*deadline, *note, *table]
        case _:
            assert_never(data.copy)


def _refund_note(width: int, data: PaymentSlip) -> list[Line]:
    names = "と|".join(fold(leg.service_name) for leg in _spent(data.legs))
    text = f"取消は、お買い物をしたお店で。|現金ではなく、|もとの{names}に|戻ります。"
    return says(width, text)


def _combined_note(width: int, data: PaymentSlip) -> list[Line]:
    match len(_spent(data.legs)):
        case 0 | 1:
            return []
        case 2:
            return says(width, "併用のお支払いです。|取消は両方まとめてです。")
        case _:
            return says(width, "併用のお支払いです。|取消は全部まとめてです。")


def balances(width: int, title: str, left: tuple[Balance, ...], year: int) -> list[Line]:
    """What the customer has left of each service: its last expiry, and what expires first."""
    if not left:
        return []
    lines = plain([title], bold=True)
    for balance in left:
        lines += _balance(width, balance, year)
    return lines


def _balance(width: int, balance: Balance, year: int) -> list[Line]:
    name, amount = fold(balance.service_name), yen(balance.amount)
    ends = sorted({lot.expires_at for lot in balance.lots if lot.amount and lot.expires_at})
    endless = any(lot.amount and lot.expires_at is None for lot in balance.lots)
    if not ends:
        return pair(width, name, amount)
    last = None if endless else expiry(ends[-1], year)
    head = f"{name}({last})" if last else name
    if last and columns_of(head) + 1 + columns_of(amount) > width:
        lines = [*plain(kinsoku(name, width)), *pair(width, f"  {last}", amount)]
    else:
        lines = pair(width, head, amount)
    if endless or len(ends) > 1:
        first = sum(lot.amount for lot in balance.lots if lot.expires_at == ends[0])
        lines += pair(width, f"  うち{expiry(ends[0], year)}", yen(first))
    return lines


def _training_note(width: int) -> list[Line]:
    text = (
        "練習の票です。|お金は動いていません。|お店への入金もありません。"
        "|お客様に|渡さないでください。"
    )
    return says(width, text, bold=True)


def provisional_slip(width: int, data: ProvisionalSlip) -> Slip:
    """【仮控え】 of a payment whose code was found true offline: only what the device knows."""
    return slip(
        width,
        [
            bar(width, parts.PROVISIONAL, Size.DOUBLE),
            centred(width, TITLE, size=Size.DOUBLE, bold=True),
            parts.whose(width, data.copy),
            rule(width),
            parts.who(width, data.counter),
            parts.when(width, data.paid_at),
            rule(width),
            total(width, "お支払い", data.amount),
            rule(width),
            code_and_seal(width, data.confirmation_code, data.seal),
            says(width, parts.screen_note(data.copy)),
            rule(width),
            _check(width, data),
            rule(width),
            _until_then(width, data.copy),
            rule(width),
            parts.foot(width, data.office),
            bar(width, parts.PROVISIONAL),
            Cut(),
        ],
    )


def _check(width: int, data: ProvisionalSlip) -> list[Line]:
    checked = clock(in_tokyo(data.checked_at))
    why = "通信がないため、|確認コードで|確かめました。|帳簿との照合は|これからです。"
    return [
        *pair(width, "受付番号", str(data.sale_number)),
        *pair(width, "番号の確認", f"{checked} 正しい番号"),
        *says(width, why, bold=True),
    ]


def _until_then(width: int, copy: Copy) -> list[Line]:
    match copy:
        case Copy.CUSTOMER:
            text = "内訳と取引IDは、|スマホの「履歴」に|出ます。|もう一度の|お支払いは|いりません。"
            return says(width, text)
        case Copy.SHOP:
            text = (
                "内訳・取引ID・入金の日は、|照合のあと|「本日の一覧」に|出ます。|それまで|"
                "保管してください。"
            )
            box, blanks = "□ 照合ずみを確認", "月   日   時"
            space = max(1, width - columns_of(box) - columns_of(blanks))
            return [*says(width, text), Line((Run(box), pad(space), Run(blanks)))]
        case _:
            assert_never(copy)
