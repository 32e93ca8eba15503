"""Which phone holds a sale, what the counter is told, and who is stopped."""

from collections.abc import AsyncIterator

import pytest

from protos.units import SaleNumber, Yen
from server.clock import SECOND
from server.payments import (
    Claim,
    ClaimChange,
    ClaimLimits,
    ClaimState,
    DeskHooks,
    Paid,
    PaymentDesk,
    RefusalCode,
    Refused,
    ResolveMode,
)
from tests.support.books import Town, legs, new_key, ticket_of


@pytest.fixture
def told() -> list[ClaimChange]:
    return []


@pytest.fixture
async def desk(town: Town, told: list[ClaimChange]) -> AsyncIterator[PaymentDesk]:
    async with town.desk(DeskHooks(on_claim_changed=told.append)) as desk:
        yield desk


async def claim(
    desk: PaymentDesk, town: Town, name: str, sale: int, amount: int = 0
) -> Claim | Refused:
    ticket = await ticket_of(desk, town.qr(sale), town)
    return await desk.claim(town.users[name].user_id, ticket, Yen(amount))


async def test_the_counter_is_told_of_the_claim_and_of_each_newer_amount(
    desk: PaymentDesk, town: Town, told: list[ClaimChange]
) -> None:
    first = await claim(desk, town, "花子", 7)
    town.clock.forward(10)
    second = await claim(desk, town, "花子", 7, 1200)
    third = await claim(desk, town, "花子", 7, 1200)
    assert isinstance(first, Claim)
    assert isinstance(second, Claim)
    assert first.expires_at == second.expires_at == town.clock.now + 80 * SECOND
    assert third == second
    assert [(c.state, c.amount, c.sale_number) for c in told] == [
        (ClaimState.CLAIMED, 0, 7),
        (ClaimState.CLAIMED, 1200, 7),
    ]
    assert told[0].revision < told[1].revision
    assert told[0].terminal_id == "T-000412"


async def test_a_second_phone_is_told_at_once_and_cannot_pay(desk: PaymentDesk, town: Town) -> None:
    assert isinstance(await claim(desk, town, "花子", 7), Claim)
    town.clock.forward(30)
    refused = await claim(desk, town, "太郎", 7)
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.SALE_CLAIMED
    assert refused.retry_at - refused.at == 60 * SECOND
    ticket = await ticket_of(desk, town.qr(7), town)
    paid = await desk.pay(town.users["太郎"].user_id, new_key(), ticket, Yen(100), legs(100))
    assert isinstance(paid, Refused)
    assert paid.code is RefusalCode.SALE_CLAIMED
    assert town.count("payments") == 0


async def test_a_claim_ends_after_ninety_seconds(desk: PaymentDesk, town: Town) -> None:
    assert isinstance(await claim(desk, town, "花子", 7), Claim)
    town.clock.forward(90)
    assert isinstance(await claim(desk, town, "太郎", 7), Claim)


async def test_release_lets_the_next_phone_in(
    desk: PaymentDesk, town: Town, told: list[ClaimChange]
) -> None:
    held = await claim(desk, town, "花子", 7)
    assert isinstance(held, Claim)
    await desk.release(town.users["太郎"].user_id, held.ticket)
    assert len(told) == 1
    await desk.release(town.users["花子"].user_id, held.ticket)
    assert told[-1].state is ClaimState.RELEASED
    assert isinstance(await claim(desk, town, "太郎", 7), Claim)
    revisions = [change.revision for change in told]
    assert revisions == sorted(set(revisions))


async def test_a_customer_holds_one_sale(
    desk: PaymentDesk, town: Town, told: list[ClaimChange]
) -> None:
    await claim(desk, town, "花子", 7)
    await claim(desk, town, "花子", 8)
    assert [(c.sale_number, c.state) for c in told] == [
        (7, ClaimState.CLAIMED),
        (7, ClaimState.RELEASED),
        (8, ClaimState.CLAIMED),
    ]
    assert isinstance(await claim(desk, town, "太郎", 7), Claim)


async def test_letting_go_of_another_shops_sale_tells_that_shop(
    desk: PaymentDesk, town: Town, told: list[ClaimChange]
) -> None:
    ticket = await ticket_of(desk, town.qr(3, terminal=town.kissaten), town)
    await desk.claim(town.users["花子"].user_id, ticket, Yen(0))
    await claim(desk, town, "花子", 7)
    assert (told[1].terminal_id, told[1].state) == ("T-000413", ClaimState.RELEASED)


async def test_repeated_abandoned_claims_block_the_customer_for_a_while(
    desk: PaymentDesk, town: Town
) -> None:
    for sale in range(1, 6):
        held = await claim(desk, town, "花子", sale)
        assert isinstance(held, Claim)
        await desk.release(town.users["花子"].user_id, held.ticket)
        town.clock.forward(20)
    blocked = await claim(desk, town, "花子", 6)
    assert isinstance(blocked, Refused)
    assert blocked.code is RefusalCode.CLAIM_BLOCKED
    assert isinstance(await claim(desk, town, "太郎", 6), Claim)
    town.clock.now = blocked.retry_at
    assert isinstance(await claim(desk, town, "花子", 60), Claim)


async def test_claims_that_were_paid_or_voided_block_nobody(desk: PaymentDesk, town: Town) -> None:
    for sale in range(1, 9):
        held = await claim(desk, town, "花子", sale)
        assert isinstance(held, Claim), held
        if sale % 2:
            user = town.users["花子"].user_id
            answer = await desk.pay(user, new_key(), held.ticket, Yen(10), legs(10))
            assert isinstance(answer, Paid)
        else:
            await desk.resolve(town.matsuya, SaleNumber(sale), ResolveMode.VOID)
        town.clock.forward(15)


async def test_new_claims_are_limited_per_minute(town: Town) -> None:

    limits = ClaimLimits(abandoned_before_block=100)
    async with town.desk(claims=limits) as desk:
        for sale in range(1, 7):
            assert isinstance(await claim(desk, town, "花子", sale), Claim)
        refused = await claim(desk, town, "花子", 7)
        assert isinstance(refused, Refused)
        assert refused.code is RefusalCode.CLAIM_TOO_OFTEN
        town.clock.now = refused.retry_at
        assert isinstance(await claim(desk, town, "花子", 7), Claim)


async def test_a_stand_is_not_held(desk: PaymentDesk, town: Town, told: list[ClaimChange]) -> None:
    ticket = await ticket_of(desk, town.stand_qr(), town)
    for name in ("花子", "太郎"):
        answer = await desk.claim(town.users[name].user_id, ticket, Yen(100))
        assert isinstance(answer, Claim)
    assert told == []


async def test_the_holder_may_pay_after_the_claim_has_ended(desk: PaymentDesk, town: Town) -> None:
    held = await claim(desk, town, "花子", 7, 100)
    assert isinstance(held, Claim)
    town.clock.forward(200)
    user = town.users["花子"].user_id
    assert isinstance(await desk.pay(user, new_key(), held.ticket, Yen(100), legs(100)), Paid)
