"""What the city is billed adds up, on the paper and with the ledger."""

import csv
import io
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial

import pytest
from sqlalchemy import text

from protos.units import Micros
from server.campaigns import Funding, Origin, run_expiry
from server.ledger import process_clock
from server.refusal import Refusal
from server.settlement.closes import shop_sums
from server.settlement.invoices import (
    Claim,
    Invoice,
    InvoiceCode,
    InvoiceDesk,
    InvoiceFormat,
    InvoiceReader,
    invoice_csv,
    invoice_html,
)
from server.settlement.paper import render_pdf
from tests.support.books import END_OF_AUGUST, POINTS, VOUCHER, Town, moment
from tests.support.cancels import CLERK, cancels_of, pay, request_for
from tests.support.closed import close_june_points, close_next
from tests.support.invoices import FACTS, grant_of, invoice_of, odd_lots, with_commission
from tests.support.pdf import pages_of


def refused_code(work: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as refused:
        work()
    return str(refused.value.code)


def read(town: Town, year: int = 2024, month: int = 6) -> Invoice:
    reader = InvoiceReader(FACTS, frozenset({Origin.FILE}))
    return town.database.read_now(lambda c: reader.invoice(c, year, month))


async def random_month(town: Town, seed: int) -> None:
    """Odd lots of every kind, spent in small pieces over all closes of June, some given back."""
    chance = random.Random(seed)
    hanako = town.users["花子"]
    for _ in range(5):
        face, price = odd_lots(chance)
        grant_of(town, hanako, VOUCHER, face, END_OF_AUGUST, price=price, funding=Funding.PREMIUM)
    for funding, origin in (
        (Funding.BONUS, Origin.CAMPAIGN),
        (Funding.ISSUED, Origin.FILE),
        (Funding.ISSUED, Origin.HAND),
        (Funding.ISSUED, Origin.CAMPAIGN),
    ):
        amount = chance.randrange(50, 400)
        grant_of(town, hanako, POINTS, amount, END_OF_AUGUST, funding=funding, origin=origin)
    grant_of(town, hanako, POINTS, 77, moment(2024, 6, 20), funding=Funding.BONUS)
    for sale in range(18):
        voucher, points = chance.randrange(1, 300), chance.choice((0, 0, chance.randrange(1, 40)))
        paid = await pay(town, 800 + sale, voucher, points)
        if chance.random() < 0.25:
            cancels_of(town).cancel(request_for(paid), CLERK)
        town.clock.forward(chance.randrange(20, 34) * 3600)
    town.clock.now = Micros(max(town.clock.now, moment(2024, 7, 1)))
    run_expiry(town.database, process_clock(town.clock))


@pytest.mark.parametrize("seed", [11, 12, 13])
async def test_a_random_month_adds_up_to_the_ledger(town: Town, seed: int) -> None:
    await random_month(town, seed)
    closes = [close_next(town) for _ in range(4)] + [close_june_points(town)]
    invoice = read(town)
    assert [(line.service_id, line.number) for line in invoice.closes] == [
        *((VOUCHER, number) for number in range(1, 5)),
        (POINTS, 3),
    ]
    for line, close in zip(invoice.closes, closes, strict=True):
        sums = town.database.read_now(partial(shop_sums, close_id=close.close_id))
        assert line.paid_share + sum(line.claims.values()) == sum(one.net for one in sums)
    # lot by lot from the postings, by another way: everything at once, no closes
    expected = _by_lot(town)
    assert sum(line.paid_share for line in invoice.closes) == expected.pop("paid")
    found = {claim.value: invoice.of(claim) for claim in Claim}
    assert {k: v for k, v in found.items() if v} == {k: v for k, v in expected.items() if v}
    assert invoice.total == sum(expected.values())
    for point in invoice.points:
        assert point.left >= 0
        assert point.lost >= 0
    town.assert_books_hold()


def _by_lot(town: Town) -> Counter[str]:
    """Paid share and claims of all that was used, from each lot's postings with the shops."""
    statement = """
        SELECT l.lot_id, l.face, l.price, l.entry_id, g.funding, g.origin,
            coalesce(sum(CASE WHEN c.kind = 3 THEN p.amount WHEN d.kind = 3 THEN -p.amount END), 0)
        FROM lots l LEFT JOIN grant_transactions g ON g.grant_id = l.entry_id
        JOIN postings p ON p.lot_id = l.lot_id
        JOIN accounts d ON d.account_id = p.debit_account
        JOIN accounts c ON c.account_id = p.credit_account
        GROUP BY l.lot_id, l.face, l.price, l.entry_id, g.funding, g.origin"""
    rows = town.database.read_now(lambda c: c.execute(text(statement)).all())
    found: Counter[str] = Counter()
    for _, face, price, _, funding, origin, amount in rows:
        used = int(amount)
        paid = used * price // face
        found["paid"] += paid
        letter = {7: "A", 8: "B"}.get(funding, "C" if origin == int(Origin.FILE) else "D")
        found[letter] += used - paid
    return found


async def test_a_lot_spent_yen_by_yen_bills_the_same_as_at_once(town: Town) -> None:
    """100 for 83: by itself each of 12 pieces would leave its own fraction to the city."""
    taro = town.users["太郎"]
    face, price = 100, 83
    grant_of(town, taro, VOUCHER, face, moment(2024, 8, 1), price=price, funding=Funding.PREMIUM)
    for week in range(4):
        for piece in range(3):
            await pay(town, 900 + 3 * week + piece, voucher=8, user="太郎")
        town.clock.forward(7 * 86_400)
    town.clock.now = moment(2024, 7, 1)
    for _ in range(4):
        close_next(town)
    close_june_points(town)
    invoice = read(town)
    assert sum(line.used for line in invoice.closes) == 96
    assert sum(line.paid_share for line in invoice.closes) == 96 * 83 // 100
    assert invoice.of(Claim.PREMIUM) == 96 - 96 * 83 // 100


async def test_a_month_with_an_open_close_or_none_is_refused(town: Town) -> None:
    await pay(town, 950, voucher=100)
    town.clock.now = moment(2024, 7, 1)
    assert refused_code(lambda: read(town)) == InvoiceCode.OPEN
    for _ in range(4):
        close_next(town)
    assert refused_code(lambda: read(town)) == InvoiceCode.OPEN  # the points' month
    close_june_points(town)
    invoice = read(town)
    assert (invoice.number, invoice.issued_on) == ("C-2024-06", date(2024, 7, 1))
    assert invoice.due_on == date(2024, 7, 31)
    assert refused_code(lambda: read(town, 2024, 7)) == InvoiceCode.OPEN
    assert refused_code(lambda: read(town, 2024, 3)) == InvoiceCode.NOTHING
    assert read(town, 2024, 4).total == 0


def test_an_invoice_that_does_not_add_up_is_not_made() -> None:
    good = invoice_of()
    line = good.closes[0]
    wrong = replace(line, net=line.net + 1)
    with pytest.raises(Refusal) as refused:
        replace(good, closes=(wrong, *good.closes[1:]))
    assert refused.value.code is InvoiceCode.DIFFERS
    points = replace(good.points[0], left=good.points[0].left - 1)
    assert (
        refused_code(lambda: replace(good, points=(points, *good.points[1:])))
        == InvoiceCode.DIFFERS
    )


def test_the_page_as_drawn() -> None:
    invoice = invoice_of()
    pdf = render_pdf(invoice_html(invoice))
    page = "".join(pages_of(pdf))
    for words in (
        "¥16,045,169",
        "¥14,361,639",
        "¥71,796,297",
        "みほん市長 様",
        "うち消費税 ¥0",
        "2024年7月31日(水)",
        "残り ¥185,638,361",
        "みほん市デジタル商品券 第1回〜第4回の締め",
    ):
        assert words in page, words
    assert "登録番号" not in page
    assert render_pdf(invoice_html(invoice_of())) == pdf


def test_a_taxed_commission_has_its_line_and_the_registration() -> None:
    invoice = invoice_of(facts=with_commission(1_000_005, 10))
    assert invoice.tax == 100_000
    assert invoice.total == 16_045_169 + 1_000_005 + 100_000
    words = "".join(pages_of(render_pdf(invoice_html(invoice))))
    assert "登録番号 T1234567890123" in words
    assert "うち消費税 ¥100,000" in words


def test_a_spreadsheet_adds_up_to_the_bill(sqlite_town: Town) -> None:
    invoice = invoice_of(facts=with_commission(1_000_000, 10))
    rows = list(csv.DictReader(io.StringIO(invoice_csv(invoice).decode("utf-8-sig"))))
    assert sum(int(row["金額"]) for row in rows if row["区分"] == "請求") == invoice.total
    desk = InvoiceDesk(sqlite_town.database, InvoiceReader(FACTS, frozenset()), lambda _: b"")
    assert desk.content(invoice, InvoiceFormat.CSV) == invoice_csv(invoice)
    assert refused_code(lambda: desk.invoice("June")) == InvoiceCode.MONTH


def test_without_an_addressee_nobody_is_billed(sqlite_town: Town) -> None:
    reader = InvoiceReader(replace(FACTS, addressee=""), frozenset())
    desk = InvoiceDesk(sqlite_town.database, reader, lambda _: b"")
    assert refused_code(lambda: desk.invoice("2024-06")) == InvoiceCode.ADDRESSEE
