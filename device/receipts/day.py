"""日計: what one register took in one day, with the list that adds up to it."""

from collections.abc import Sequence

from device.receipts import parts
from device.receipts.data import DayEvent, DayRow, DayService, DaySlip, ServiceType
from device.receipts.dates import clock, full_day, hour_minute, in_tokyo, long_day
from device.receipts.layout import (
    bar,
    centred,
    grouped_code,
    line,
    pad,
    pair,
    plain,
    rule,
    says,
    slip,
    total,
    triple,
    yen,
)
from device.receipts.text import fold
from hardware.paper import Cut, Element, Feed, Line, Run, Size, Slip, columns_of

_SERVICE_GAP = Feed(12)
_SHORT = {ServiceType.MONEY: "円", ServiceType.POINTS: "ポ", ServiceType.VOUCHER: "券"}
_UNFINISHED = "【途中】"
_EARLIER = "前取消=前の日までの分の取消"


def day_slip(width: int, data: DaySlip) -> Slip:
    """The report; 【途中】 at both ends while the day is open."""
    return slip(
        width,
        [
            centred(width, "日計", size=Size.DOUBLE, bold=True),
            _open_bar(width, data),
            rule(width),
            parts.who(width, data.counter),
            plain([long_day(data.day)], bold=True),
            _printed(width, data),
            rule(width),
            _services(width, data),
            rule(width),
            total(width, "差引合計", sum(_signed(row) for row in data.rows)),
            rule(width),
            _counts(width, data),
            rule(width),
            _pay_days(width, data),
            _list(width, data),
            says(
                width,
                "練習分は入っていません。|入金額は|精算明細で|確かめてください。",
            ),
            parts.no_invoice(width),
            [] if data.open_at is None else [bar(width, _UNFINISHED)],
            Cut(),
        ],
    )


def _open_bar(width: int, data: DaySlip) -> list[Line]:
    if data.open_at is None:
        return []
    return [bar(width, f"{_UNFINISHED} {hour_minute(in_tokyo(data.open_at))} 現在")]


def _printed(width: int, data: DaySlip) -> list[Line]:
    at = in_tokyo(data.printed_at)
    return pair(width, "印刷", f"{full_day(at.date())} {clock(at)}")


def _sign(row: DayRow) -> int:
    return 1 if row.event is DayEvent.USE else -1


def _signed(row: DayRow) -> int:
    return _sign(row) * sum(leg.amount for leg in row.legs)


def _services(width: int, data: DaySlip) -> list[Element]:
    elements: list[Element] = []
    for service in data.services:
        if elements:
            elements.append(_SERVICE_GAP)
        elements += _service(width, service, data.rows)
    return elements


def _service(width: int, service: DayService, rows: Sequence[DayRow]) -> list[Line]:
    parts_of = [
        (row.event, leg.amount)
        for row in rows
        for leg in row.legs
        if leg.service_id == service.service_id and leg.amount
    ]
    used = [amount for event, amount in parts_of if event is DayEvent.USE]
    given_back = [amount for event, amount in parts_of if event is not DayEvent.USE]
    count, net = len(used) - len(given_back), sum(used) - sum(given_back)
    return [
        *triple(width, fold(service.service_name), "件数", "金額", bold=True),
        *triple(width, " 利用", str(len(used)), yen(sum(used))),
        *triple(width, " 利用キャンセル", str(len(given_back)), yen(-sum(given_back))),
        *triple(width, " 差引", str(count), yen(net), bold=True),
    ]


def _counts(width: int, data: DaySlip) -> list[Line]:
    payments = sum(map(_sign, data.rows))
    combined = sum(_sign(row) for row in data.rows if len(_drawn_on(row)) > 1)
    agreement = data.agreement.value
    if data.agreed_at is not None:
        agreement += f" {hour_minute(in_tokyo(data.agreed_at))}"
    return [
        *pair(width, "お支払いの回数(取消を引く)", f"{payments}回"),
        *pair(width, "  うち併用", f"{combined}回"),
        *pair(width, "確認中", f"{data.checking}件"),
        *pair(width, "仮控えのまま", f"{data.provisional}件"),
        *pair(width, "サーバーとの照合", agreement),
    ]


def _drawn_on(row: DayRow) -> set[str]:
    return {leg.service_id for leg in row.legs if leg.amount}


def _pay_days(width: int, data: DaySlip) -> list[Line]:
    known = [
        (service.service_name, service.payout)
        for service in data.services
        if service.payout is not None
    ]
    if not known:
        return []
    return [*parts.pay_days(width, known, data.day.year), rule(width)]


def _list(width: int, data: DaySlip) -> list[Line]:
    if not data.rows:
        return []
    lines = _legend(width, data.services)
    for row in data.rows:
        when = f"{hour_minute(in_tokyo(row.at))} {grouped_code(row.confirmation_code)}"
        lines += triple(width, when, _what(row, data.services), yen(_signed(row)))
    if any(row.event is DayEvent.EARLIER_CANCEL for row in data.rows):
        lines += plain([_EARLIER])
    return [*lines, rule(width)]


def _legend(width: int, services: Sequence[DayService]) -> list[Line]:
    words = [f"{_SHORT[service.service_type]}={fold(service.service_name)}" for service in services]
    title, legend = "明細", " ".join(words)
    space = width - columns_of(title) - columns_of(legend)
    if space >= 1:
        return [line(Run(title, bold=True), pad(space), Run(legend))]
    return [*plain([title], bold=True), *says(width, "|".join(f" {word}" for word in words))]


def _what(row: DayRow, services: Sequence[DayService]) -> str:
    match row.event:
        case DayEvent.USE:
            ids = _drawn_on(row)
            return "".join(
                _SHORT[service.service_type] for service in services if service.service_id in ids
            )
        case DayEvent.CANCEL:
            return "取消"
        case DayEvent.EARLIER_CANCEL:
            return "前取消"
