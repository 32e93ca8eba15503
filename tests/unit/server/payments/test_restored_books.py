"""Books restored from an older copy: no number that a counter has heard is given out again."""

from functools import partial

from protos.units import Sequence, Yen
from server.ledger import process_clock, restored_at, skip_all
from server.ledger.gaps import JUMP
from server.payments import (
    Paid,
    Payment,
    PaymentDesk,
    RefusalCode,
    Refused,
    SaleOffer,
    verify_payments,
)
from tests.support.books import Town, legs, new_key, ticket_of


async def pay(desk: PaymentDesk, town: Town, sale: int) -> Payment:
    user = town.users["花子"].user_id
    ticket = await ticket_of(desk, town.qr(sale), town)
    answer = await desk.pay(user, new_key(), ticket, Yen(10), legs(10))
    assert isinstance(answer, Paid), answer
    return answer.payment


def assert_whole(town: Town) -> None:
    town.assert_books_hold()
    assert town.database.read_now(verify_payments) == []


async def pulled(desk: PaymentDesk, town: Town, after: int, limit: int) -> list[int]:
    """Every sequence that a device gets which pulls as the counter does."""
    got: list[int] = []
    for _ in range(50):
        page = await desk.payments_after(town.matsuya, Sequence(after), limit)
        numbers = [int(payment.sequence or 0) for payment in page.payments]
        assert numbers == list(range(after + 1, after + 1 + len(numbers))), "a page has no holes"
        got += numbers
        after = max(after + len(numbers), page.resumes_after)
        if after >= page.last_sequence:
            return got
    raise AssertionError("the device never arrives")


async def test_streams_jump_and_a_device_pulls_across_the_gap(town: Town) -> None:
    async with town.desk() as desk:
        for sale in (1, 2, 3):
            await pay(desk, town, sale)
        town.clock.forward(60)
        assert town.database.write_now(partial(skip_all, clock=process_clock(town.clock))) == 3
        town.clock.forward(1)
        for sale in (4, 5):
            await pay(desk, town, sale)
        expected = [1, 2, 3, 3 + JUMP + 1, 3 + JUMP + 2]
        for limit in (1, 2, 3, 500):
            assert await pulled(desk, town, 0, limit) == expected
            # one that had heard two more before the books were lost
            assert await pulled(desk, town, 5, limit) == expected[3:]
        town.database.write_now(partial(skip_all, clock=process_clock(town.clock)))
        await pay(desk, town, 6)
        assert await pulled(desk, town, 0, 2) == [*expected, 5 + 2 * JUMP + 1]
    assert_whole(town)


async def test_a_device_that_is_ahead_of_the_books_is_noticed_and_heals_them(town: Town) -> None:
    async with town.desk() as desk:
        await pay(desk, town, 1)
        for honest in (0, 1):
            assert await desk.skip_heard(town.matsuya, Sequence(honest)) == 0
        assert await desk.skip_heard(town.matsuya, Sequence(4)) == 3
        assert await desk.skip_heard(town.matsuya, Sequence(4)) == 0
        paid = await pay(desk, town, 2)
        assert paid.sequence == 4 + JUMP + 1
        assert await pulled(desk, town, 4, 10) == [paid.sequence]
        absurd = Sequence(2**60)
        assert await desk.skip_heard(town.matsuya, absurd) == 0
        assert await desk.last_sequence(town.matsuya) == paid.sequence
    assert_whole(town)


async def test_what_was_scanned_before_the_restore_is_void(town: Town) -> None:
    user = town.users["花子"].user_id
    async with town.desk() as before:
        old_qr = town.qr(1)
        old_ticket = await ticket_of(before, old_qr, town)
    town.clock.forward(5)
    town.database.write_now(partial(skip_all, clock=process_clock(town.clock)))
    at = town.database.read_now(restored_at)
    assert at == town.clock.now
    town.clock.forward(5)
    async with town.desk(reopened_at=at) as desk:
        refused = await desk.pay(user, new_key(), old_ticket, Yen(10), legs(10))
        assert isinstance(refused, Refused)
        assert refused.code is RefusalCode.TICKET_EXPIRED
        refused_scan = await desk.look_up(old_qr, town.clock.now)
        assert isinstance(refused_scan, Refused)
        assert refused_scan.code is RefusalCode.QR_EXPIRED
        assert isinstance(await desk.look_up(town.qr(1), town.clock.now), SaleOffer)
        await pay(desk, town, 1)
