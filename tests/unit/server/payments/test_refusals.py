"""Everything that must be refused, each with its own reason and with nothing moved."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import text

from protos.qr_token import Token, TokenKind, mint
from protos.units import (
    MAX_AMOUNT,
    SaleNumber,
    TerminalId,
    TerminalNumber,
    UnixSeconds,
    UserId,
    Yen,
)
from server.clock import SECOND
from server.directory import (
    ServiceId,
    ShopId,
    ShopState,
    enrol_terminal,
    set_shop_state,
    set_terminal_drift,
)
from server.payments import (
    AgainOnStand,
    LegRequest,
    Paid,
    PaymentDesk,
    RefusalCode,
    Refused,
    ResolveMode,
    SaleKind,
    SaleOffer,
)
from tests.support.books import (
    HOST,
    POINTS,
    VOUCHER,
    Town,
    legs,
    moment,
    new_key,
    ticket_of,
)

MONEY = ("postings", "entries", "payments", "transactions", "sale_outcomes", "outbox")


@pytest.fixture
def town(sqlite_town: Town) -> Town:
    """Rules are pure, so one kind of database is enough; the others' tests play on both."""
    return sqlite_town


@pytest.fixture
async def desk(town: Town) -> AsyncIterator[PaymentDesk]:
    async with town.desk() as desk:
        yield desk


@pytest.fixture
def unmoved(town: Town) -> Iterator[None]:
    """The test's refusals have moved nothing."""
    before = ({table: town.count(table) for table in MONEY}, town.holdings())
    yield
    assert ({table: town.count(table) for table in MONEY}, town.holdings()) == before
    town.assert_books_hold()


async def code_of_scan(desk: PaymentDesk, town: Town, qr: str) -> RefusalCode | None:
    answer = await desk.look_up(qr, town.clock.now)
    return answer.code if isinstance(answer, Refused) else None


async def code_of_pay(
    desk: PaymentDesk,
    town: Town,
    amount: int,
    split: tuple[LegRequest, ...],
    *,
    qr: str = "",
    key: str = "",
    name: str = "花子",
) -> RefusalCode | None:
    ticket = await ticket_of(desk, qr or town.qr(7), town)
    user = town.users[name].user_id
    answer = await desk.pay(user, key or new_key(), ticket, Yen(amount), split)
    return answer.code if isinstance(answer, Refused) else None


@pytest.mark.usefixtures("unmoved")
async def test_a_token_with_any_one_bit_changed_is_refused(desk: PaymentDesk, town: Town) -> None:
    qr = town.qr(7, amount=1200)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    seen = set()
    for position in range(len(qr)):
        for bit in range(5):
            digit = alphabet[alphabet.index(qr[position]) ^ (1 << bit)]
            changed = qr[:position] + digit + qr[position + 1 :]
            seen.add(await code_of_scan(desk, town, changed))
    assert seen == {RefusalCode.QR_MALFORMED, RefusalCode.QR_NOT_GENUINE}


@pytest.mark.usefixtures("unmoved")
@pytest.mark.parametrize("text", ["", "A" * 44, "not a token", "あ" * 44, "x" * 5000, "HTTPS://"])
async def test_what_is_no_token_is_refused(desk: PaymentDesk, town: Town, text: str) -> None:
    assert await code_of_scan(desk, town, text) in {
        RefusalCode.QR_MALFORMED,
        RefusalCode.QR_NOT_GENUINE,
    }


@pytest.mark.usefixtures("unmoved")
async def test_a_token_minted_with_another_terminals_key_is_not_genuine(
    desk: PaymentDesk, town: Town
) -> None:
    token = Token(
        TokenKind.DYNAMIC,
        town.matsuya,
        SaleNumber(7),
        UnixSeconds(town.clock.now // SECOND),
        Yen(0),
    )
    forged = mint(token, town.keyring.terminal_keys(town.kissaten).qr)
    assert await code_of_scan(desk, town, forged) is RefusalCode.QR_NOT_GENUINE


@pytest.mark.usefixtures("unmoved")
async def test_a_terminal_that_was_never_enrolled_is_unknown(desk: PaymentDesk, town: Town) -> None:
    qr = town.qr(7, terminal=TerminalNumber(4711))
    assert await code_of_scan(desk, town, qr) is RefusalCode.TERMINAL_UNKNOWN


@pytest.mark.usefixtures("unmoved")
async def test_a_new_enrolment_retires_the_former_number(desk: PaymentDesk, town: Town) -> None:
    qr = town.qr(7)
    ticket = await ticket_of(desk, qr, town)
    town.database.write_now(lambda c: enrol_terminal(c, TerminalId("T-000412"), town.clock.now))
    assert await code_of_scan(desk, town, qr) is RefusalCode.TERMINAL_RETIRED
    late = await desk.pay(town.users["花子"].user_id, new_key(), ticket, Yen(100), legs(100))
    assert isinstance(late, Refused)
    assert late.code is RefusalCode.TERMINAL_RETIRED


@pytest.mark.usefixtures("unmoved")
async def test_freshness_is_two_minutes_and_thirty_seconds_ahead(
    desk: PaymentDesk, town: Town
) -> None:
    qr = town.qr(7)
    town.clock.forward(120)
    assert await code_of_scan(desk, town, qr) is None
    town.clock.forward(0.000001)
    assert await code_of_scan(desk, town, qr) is RefusalCode.QR_EXPIRED
    ahead = UnixSeconds(town.clock.now // SECOND + 31)
    assert await code_of_scan(desk, town, town.qr(7, minted_at=ahead)) is (
        RefusalCode.QR_FROM_FUTURE
    )


@pytest.mark.usefixtures("unmoved")
async def test_freshness_knows_the_terminals_drift_up_to_a_minute(
    desk: PaymentDesk, town: Town
) -> None:
    now = town.clock.now // SECOND

    def drift(seconds: int) -> None:
        micros = seconds * SECOND
        town.database.write_now(
            lambda c: set_terminal_drift(c, town.matsuya, type(town.clock.now)(micros))
        )

    drift(50)
    assert await code_of_scan(desk, town, town.qr(7, minted_at=UnixSeconds(now + 50))) is None
    drift(-50)
    assert await code_of_scan(desk, town, town.qr(7, minted_at=UnixSeconds(now - 169))) is None
    drift(-3600)
    stale = town.qr(7, minted_at=UnixSeconds(now - 181))
    assert await code_of_scan(desk, town, stale) is RefusalCode.QR_EXPIRED


@pytest.mark.usefixtures("unmoved")
async def test_the_url_must_be_our_own(desk: PaymentDesk, town: Town) -> None:
    qr = town.qr(7)
    for url in (f"HTTPS://{HOST.upper()}/Q/{qr}", f"https://{HOST}/q/{qr.lower()}", qr.lower()):
        assert await code_of_scan(desk, town, url) is None
    for url in (f"HTTPS://EVIL.EXAMPLE/Q/{qr}", f"https://{HOST}.evil.example/q/{qr}"):
        assert await code_of_scan(desk, town, url) is RefusalCode.QR_OTHER_HOST


@pytest.mark.usefixtures("unmoved")
async def test_training_is_refused(desk: PaymentDesk, town: Town) -> None:
    assert await code_of_scan(desk, town, town.qr(7, kind=TokenKind.TRAINING)) is (
        RefusalCode.QR_TRAINING
    )


@pytest.mark.usefixtures("unmoved")
async def test_a_device_mints_no_stand_tokens_and_a_stand_no_dynamic_ones(
    desk: PaymentDesk, town: Town
) -> None:
    for qr in (town.qr(7, kind=TokenKind.STAND), town.stand_qr(kind=TokenKind.DYNAMIC)):
        assert await code_of_scan(desk, town, qr) in {
            RefusalCode.TERMINAL_OTHER_KIND,
            RefusalCode.QR_EXPIRED,
        }


@pytest.mark.usefixtures("unmoved")
async def test_a_stand_needs_services_that_allow_it(town: Town, desk: PaymentDesk) -> None:

    qr = town.stand_qr()
    forbid = text("UPDATE services SET stand_payments = 0 WHERE service_id = :s")
    town.database.write_now(lambda c: c.execute(forbid, {"s": VOUCHER}))
    assert await code_of_pay(desk, town, 100, legs(100), qr=qr) is RefusalCode.STAND_NOT_ALLOWED
    town.database.write_now(lambda c: c.execute(forbid, {"s": POINTS}))
    assert await code_of_scan(desk, town, qr) is RefusalCode.STAND_NOT_ALLOWED


async def test_a_paid_sale_is_refused_at_scan_claim_and_pay(desk: PaymentDesk, town: Town) -> None:
    ticket = await ticket_of(desk, town.qr(7), town)
    taro = town.users["太郎"].user_id
    assert isinstance(
        await desk.pay(town.users["花子"].user_id, new_key(), ticket, Yen(100), legs(100)), Paid
    )
    before = town.holdings()
    assert await code_of_scan(desk, town, town.qr(7)) is RefusalCode.SALE_PAID
    for answer in (
        await desk.claim(taro, ticket, Yen(0)),
        await desk.pay(taro, new_key(), ticket, Yen(100), legs(100)),
    ):
        assert isinstance(answer, Refused)
        assert answer.code is RefusalCode.SALE_PAID
    assert town.holdings() == before


async def test_a_void_sale_is_refused(desk: PaymentDesk, town: Town) -> None:
    ticket = await ticket_of(desk, town.qr(7), town)
    await desk.resolve(town.matsuya, SaleNumber(7), ResolveMode.VOID)
    before = town.holdings()
    assert await code_of_scan(desk, town, town.qr(7)) is RefusalCode.SALE_VOID
    answer = await desk.claim(town.users["太郎"].user_id, ticket, Yen(0))
    assert isinstance(answer, Refused)
    assert answer.code is RefusalCode.SALE_VOID
    assert town.holdings() == before


@pytest.mark.usefixtures("unmoved")
@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (0, RefusalCode.AMOUNT_ZERO),
        (-1, RefusalCode.AMOUNT_NEGATIVE),
        (-(10**30), RefusalCode.AMOUNT_NEGATIVE),
        (10_000_000, RefusalCode.AMOUNT_TOO_LARGE),
        (10**30, RefusalCode.AMOUNT_TOO_LARGE),
    ],
)
async def test_amounts_out_of_range(
    desk: PaymentDesk, town: Town, amount: int, code: RefusalCode
) -> None:
    assert await code_of_pay(desk, town, amount, (LegRequest(VOUCHER, Yen(amount)),)) is code
    ticket = await ticket_of(desk, town.qr(7), town)
    user = town.users["花子"].user_id
    quoted = await desk.quote(user, ticket, Yen(amount))
    assert isinstance(quoted, Refused)
    assert quoted.code is code
    claimed = await desk.claim(user, ticket, Yen(amount))
    assert isinstance(claimed, Refused) == (amount != 0)


async def test_the_largest_amount_can_be_paid(desk: PaymentDesk, town: Town) -> None:
    town.grant(town.users["花子"], VOUCHER, MAX_AMOUNT, moment(2024, 9, 1))
    assert await code_of_pay(desk, town, MAX_AMOUNT, legs(MAX_AMOUNT)) is None


@pytest.mark.usefixtures("unmoved")
async def test_the_shops_amount_cannot_be_changed(desk: PaymentDesk, town: Town) -> None:
    qr = town.qr(7, amount=1200)
    assert await code_of_pay(desk, town, 1199, legs(1199), qr=qr) is RefusalCode.AMOUNT_FIXED


@pytest.mark.usefixtures("unmoved")
@pytest.mark.parametrize(
    ("split", "code"),
    [
        ((), RefusalCode.SPLIT_EMPTY),
        (legs(999, 200), RefusalCode.SPLIT_SUM),
        (legs(1001, 200), RefusalCode.SPLIT_SUM),
        ((LegRequest(VOUCHER, Yen(1200)), LegRequest(POINTS, Yen(0))), RefusalCode.SPLIT_LEG),
        ((LegRequest(VOUCHER, Yen(1300)), LegRequest(POINTS, Yen(-100))), RefusalCode.SPLIT_LEG),
        ((LegRequest(VOUCHER, Yen(600)), LegRequest(VOUCHER, Yen(600))), RefusalCode.SPLIT_TWICE),
        (
            tuple(LegRequest(ServiceId(f"s{n}"), Yen(100)) for n in range(12)),
            RefusalCode.SPLIT_EMPTY,
        ),
        ((LegRequest(ServiceId("unheard-of"), Yen(1200)),), RefusalCode.SERVICE_UNKNOWN),
    ],
)
async def test_a_wrong_split(
    desk: PaymentDesk, town: Town, split: tuple[LegRequest, ...], code: RefusalCode
) -> None:
    assert await code_of_pay(desk, town, 1200, split) is code


@pytest.mark.usefixtures("unmoved")
async def test_too_little_names_what_is_missing(desk: PaymentDesk, town: Town) -> None:
    ticket = await ticket_of(desk, town.qr(7), town)
    answer = await desk.pay(
        town.users["花子"].user_id, new_key(), ticket, Yen(1200), legs(600, 600)
    )
    assert isinstance(answer, Refused)
    assert answer.code is RefusalCode.BALANCE_SHORT
    assert (answer.service_id, answer.usable, answer.short) == (POINTS, 500, 100)


@pytest.mark.usefixtures("unmoved")
async def test_a_customer_who_never_held_anything(desk: PaymentDesk, town: Town) -> None:
    town.add_user("空")
    assert await code_of_pay(desk, town, 1, legs(1), name="空") is RefusalCode.BALANCE_SHORT


@pytest.mark.usefixtures("unmoved")
async def test_a_service_that_the_shop_does_not_take(desk: PaymentDesk, town: Town) -> None:
    qr = town.qr(7, terminal=town.kissaten)
    assert await code_of_pay(desk, town, 100, legs(100), qr=qr) is RefusalCode.SERVICE_NOT_HERE


async def test_the_window_is_half_open(desk: PaymentDesk, town: Town) -> None:
    opens, ends = moment(2024, 6, 3, 10), moment(2024, 9, 1)
    for sale, (at, code) in enumerate(
        (
            (opens - 1, RefusalCode.WINDOW_NOT_OPEN),
            (opens, None),
            (ends - 1, None),
            (ends, RefusalCode.WINDOW_OVER),
        ),
        start=1,
    ):
        town.clock.now = type(town.clock.now)(at)
        assert await code_of_pay(desk, town, 100, legs(100), qr=town.qr(sale)) is code


async def test_an_expired_lot_is_not_spent(desk: PaymentDesk, town: Town) -> None:
    town.clock.now = moment(2024, 7, 1)
    assert await code_of_pay(desk, town, 301, legs(points=301)) is RefusalCode.BALANCE_SHORT
    assert await code_of_pay(desk, town, 300, legs(points=300), qr=town.qr(8)) is None
    assert town.holdings()["花子", POINTS] == 200


@pytest.mark.usefixtures("unmoved")
async def test_nothing_is_committed_five_minutes_after_the_scan(
    desk: PaymentDesk, town: Town
) -> None:
    ticket = await ticket_of(desk, town.qr(7), town)
    town.clock.forward(300)
    user = town.users["花子"].user_id
    for answer in (
        await desk.pay(user, new_key(), ticket, Yen(100), legs(100)),
        await desk.claim(user, ticket, Yen(100)),
        await desk.quote(user, ticket, Yen(100)),
    ):
        assert isinstance(answer, Refused)
        assert answer.code is RefusalCode.TICKET_EXPIRED


@pytest.mark.usefixtures("unmoved")
async def test_a_ticket_of_our_own_making_only(desk: PaymentDesk, town: Town) -> None:
    ticket = await ticket_of(desk, town.qr(7), town)
    user = town.users["花子"].user_id
    flipped = ("B" if ticket[0] == "A" else "A") + ticket[1:]
    for made_up in ("", "x" * len(ticket), flipped, ticket + "A", ticket[:-2] + "é!"):
        answer = await desk.pay(user, new_key(), made_up, Yen(100), legs(100))
        assert isinstance(answer, Refused)
        assert answer.code is RefusalCode.TICKET_INVALID


@pytest.mark.usefixtures("unmoved")
@pytest.mark.parametrize(
    "key", ["", "short", "x" * 65, "spaces are not taken", "キー" * 8, "a" * 15]
)
async def test_malformed_keys(desk: PaymentDesk, town: Town, key: str) -> None:
    ticket = await ticket_of(desk, town.qr(7), town)
    answer = await desk.pay(town.users["花子"].user_id, key, ticket, Yen(100), legs(100))
    assert isinstance(answer, Refused)
    assert answer.code is RefusalCode.KEY_MALFORMED
    assert town.count("declines") == 0


@pytest.mark.usefixtures("unmoved")
async def test_an_unknown_customer(desk: PaymentDesk, town: Town) -> None:
    ticket = await ticket_of(desk, town.qr(7), town)
    answer = await desk.pay(UserId("nobody"), new_key(), ticket, Yen(100), legs(100))
    assert isinstance(answer, Refused)
    assert answer.code is RefusalCode.USER_UNKNOWN


@pytest.mark.usefixtures("unmoved")
async def test_a_closed_shop(desk: PaymentDesk, town: Town) -> None:
    ticket = await ticket_of(desk, town.qr(7), town)
    shop = ShopId("S-0001")
    town.database.write_now(lambda c: set_shop_state(c, shop, ShopState.CLOSED))
    assert await code_of_scan(desk, town, town.qr(7)) is RefusalCode.SHOP_CLOSED
    answer = await desk.pay(town.users["花子"].user_id, new_key(), ticket, Yen(100), legs(100))
    assert isinstance(answer, Refused)
    assert answer.code is RefusalCode.SHOP_CLOSED


async def test_the_same_payment_on_a_stand_within_two_minutes_is_asked_for_again(
    desk: PaymentDesk, town: Town
) -> None:
    user = town.users["花子"].user_id

    async def pay(again: AgainOnStand = AgainOnStand.NOT_SAID) -> Paid | Refused:
        offer = await desk.look_up(town.stand_qr(), town.clock.now)
        assert isinstance(offer, SaleOffer)
        assert (offer.kind, offer.amount) == (SaleKind.STAND, 0)
        return await desk.pay(user, new_key(), offer.ticket, Yen(300), legs(300), again)

    first = await pay()
    assert isinstance(first, Paid)
    assert (first.payment.sale_number, first.payment.terminal_number) == (0, town.stand)
    assert first.payment.announced_to == town.matsuya
    asked = await pay()
    assert isinstance(asked, Refused)
    assert asked.code is RefusalCode.STAND_AGAIN
    second = await pay(AgainOnStand.CONFIRMED)
    assert isinstance(second, Paid)
    town.clock.forward(121)
    assert isinstance(await pay(), Paid)
    assert town.holdings()["花子", VOUCHER] == 4100
    assert first.payment.confirmation_code != second.payment.confirmation_code
    announced = await desk.unsent_announcements(10)
    assert {a.terminal_id for a in announced} == {"T-000412"}
    assert await desk.last_sequence(town.matsuya) == 3


async def test_two_stand_payments_in_one_batch_are_asked_for_as_well(town: Town) -> None:

    user = town.users["花子"].user_id
    async with town.desk() as desk:
        ticket = await ticket_of(desk, town.stand_qr(), town)
        answers = await asyncio.gather(
            *(desk.pay(user, new_key(), ticket, Yen(300), legs(300)) for _ in range(4))
        )
    assert sum(isinstance(answer, Paid) for answer in answers) == 1
    assert town.holdings()["花子", VOUCHER] == 4700
