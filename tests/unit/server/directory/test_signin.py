"""Number, code, session: on a real database, with the simulated gateway as the phone."""

import asyncio
import re
import stat
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from protos.units import Micros
from server.clock import MINUTE, SECOND
from server.db import Database
from server.directory.signin import (
    ChallengeId,
    SessionToken,
    SignIn,
    SignInLimits,
    SignInReason,
    SignInRefused,
)
from server.directory.sms import FileSmsGateway, SmsMessage, SmsNotAccepted

START = Micros(1_717_565_528_000_000)
PHONE = "090-1234-5678"
HERE = "192.0.2.7"


@dataclass
class Desk:
    signin: SignIn
    database: Database
    gateway: FileSmsGateway
    path: Path
    now: Micros = START

    def later(self, span: int) -> None:
        self.now = Micros(self.now + span)

    def code(self) -> str:
        found = re.search(r"番号: (\d{6})", self.gateway.sent()[-1].text)
        assert found is not None
        return found[1]

    def wrong_code(self) -> str:
        return f"{(int(self.code()) + 1) % 1_000_000:06d}"


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    gateway = FileSmsGateway(tmp_path / "sms.jsonl")
    made: list[Desk] = []
    signin = SignIn(
        database=database,
        gateway=gateway,
        secret=b"s" * 32,
        clock=lambda: made[0].now,
        autofill_host="wallet.example",
    )
    made.append(Desk(signin, database, gateway, tmp_path / "sms.jsonl"))
    return made[0]


async def refused(awaitable: object) -> SignInRefused:
    with pytest.raises(SignInRefused) as caught:
        await awaitable  # type: ignore[misc]  # a coroutine of any result
    return caught.value


async def test_a_number_a_code_a_session(desk: Desk) -> None:
    challenge = await desk.signin.ask(PHONE, HERE)
    session = await desk.signin.enter(challenge.id, desk.code())
    assert await desk.signin.user_of(session.token) == session.user


async def test_the_second_time_it_is_the_same_customer(desk: Desk) -> None:
    first = await desk.signin.enter((await desk.signin.ask(PHONE, HERE)).id, desk.code())
    again = await desk.signin.ask("０９０１２３４５６７８", HERE)
    second = await desk.signin.enter(again.id, desk.code())
    assert second.user == first.user
    assert second.token != first.token
    assert await desk.signin.user_of(first.token) == first.user


async def test_the_message_says_what_it_is_and_fills_itself_in(desk: Desk) -> None:
    await desk.signin.ask(PHONE, HERE)
    (message,) = desk.gateway.sent()
    assert message.to == "09012345678"
    assert message.text.startswith("【まち商品券】")
    assert message.text.endswith(f"@wallet.example #{desk.code()}")


async def test_the_file_of_messages_is_its_owners_alone(desk: Desk) -> None:
    await desk.signin.ask(PHONE, HERE)
    assert stat.S_IMODE(desk.path.stat().st_mode) == 0o600


async def test_neither_code_nor_token_is_stored(desk: Desk) -> None:
    challenge = await desk.signin.ask(PHONE, HERE)
    session = await desk.signin.enter(challenge.id, desk.code())
    tables = ("sign_in_challenges", "sign_in_messages", "sign_in_sessions")
    stored = await desk.database.read(
        lambda c: [v for t in tables for r in c.execute(text(f"SELECT * FROM {t}")) for v in r]
    )
    texts = {value for value in stored if isinstance(value, str)}
    assert texts == {challenge.id, "09012345678", session.user}
    raw = [bytes(value) for value in stored if isinstance(value, bytes | memoryview)]
    assert session.token.encode() not in raw
    assert len(raw) == 2, "the hash of a token, the hash of an address"


async def test_many_tries_at_once_do_not_pass_the_limit(desk: Desk) -> None:
    challenge = await desk.signin.ask(PHONE, HERE)
    codes = [f"{(int(desk.code()) + 1 + i) % 1_000_000:06d}" for i in range(12)]
    answers = await asyncio.gather(
        *(desk.signin.enter(challenge.id, code) for code in codes), return_exceptions=True
    )
    reasons = [answer.reason for answer in answers if isinstance(answer, SignInRefused)]
    assert len(reasons) == 12
    assert reasons.count(SignInReason.CODE_WRONG) == 4


async def test_two_first_sign_ins_at_once_make_one_customer(desk: Desk) -> None:
    first, second = [await desk.signin.ask(PHONE, HERE) for _ in range(2)]
    codes = [re.search(r"番号: (\d{6})", m.text) for m in desk.gateway.sent()]
    one, two = await asyncio.gather(
        *(
            desk.signin.enter(challenge.id, code[1])
            for challenge, code in zip((first, second), codes, strict=True)
            if code is not None
        )
    )
    assert one.user == two.user


async def test_five_wrong_codes_end_a_challenge_and_the_right_one_comes_too_late(
    desk: Desk,
) -> None:
    challenge = await desk.signin.ask(PHONE, HERE)
    for left in (4, 3, 2, 1):
        answer = await refused(desk.signin.enter(challenge.id, desk.wrong_code()))
        assert answer.reason is SignInReason.CODE_WRONG
        assert f"あと{left}回" in answer.ja
    last = await refused(desk.signin.enter(challenge.id, desk.wrong_code()))
    assert last.reason is SignInReason.CODE_OVER
    late = await refused(desk.signin.enter(challenge.id, desk.code()))
    assert late.reason is SignInReason.CODE_OVER
    assert await desk.signin.challenge(challenge.id) is None


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("48291", SignInReason.CODE_SHORT),
        ("", SignInReason.CODE_SHORT),
        ("1234567", SignInReason.CODE_NOT_DIGITS),
        ("12345x", SignInReason.CODE_NOT_DIGITS),
    ],
)
async def test_a_slip_of_the_finger_costs_no_try(
    desk: Desk, typed: str, reason: SignInReason
) -> None:
    challenge = await desk.signin.ask(PHONE, HERE)
    for _ in range(6):
        assert (await refused(desk.signin.enter(challenge.id, typed))).reason is reason
    await desk.signin.enter(challenge.id, desk.code())


async def test_a_code_typed_in_full_width_with_a_gap_is_read(desk: Desk) -> None:
    challenge = await desk.signin.ask(PHONE, HERE)
    wide = desk.code().translate({ord(str(d)): chr(0xFF10 + d) for d in range(10)})
    await desk.signin.enter(challenge.id, f"{wide[:3]}　{wide[3:]}")


async def test_a_code_signs_in_once(desk: Desk) -> None:
    challenge = await desk.signin.ask(PHONE, HERE)
    await desk.signin.enter(challenge.id, desk.code())
    again = await refused(desk.signin.enter(challenge.id, desk.code()))
    assert again.reason is SignInReason.CODE_OVER


async def test_a_code_lives_ten_minutes(desk: Desk) -> None:
    challenge = await desk.signin.ask(PHONE, HERE)
    desk.later(10 * MINUTE)
    late = await refused(desk.signin.enter(challenge.id, desk.code()))
    assert late.reason is SignInReason.CODE_OVER


async def test_sent_again_it_is_the_same_code_and_lives_no_longer(desk: Desk) -> None:
    challenge = await desk.signin.ask(PHONE, HERE)
    first = desk.code()
    early = await refused(desk.signin.resend(challenge.id, HERE))
    assert early.reason is SignInReason.TOO_MANY
    assert early.wait is not None
    assert early.wait.seconds == 60
    desk.later(60 * SECOND)
    again = await desk.signin.resend(challenge.id, HERE)
    assert desk.code() == first
    assert again.expires_at == challenge.expires_at
    assert len(desk.gateway.sent()) == 2


async def test_a_challenge_is_sent_three_times_at_most(desk: Desk) -> None:
    challenge = await desk.signin.ask(PHONE, HERE)
    for _ in range(2):
        desk.later(61 * SECOND)
        challenge = await desk.signin.resend(challenge.id, HERE)
    assert not challenge.may_resend
    desk.later(61 * SECOND)
    answer = await refused(desk.signin.resend(challenge.id, HERE))
    assert answer.reason is SignInReason.TOO_MANY


async def test_a_number_gets_five_messages_an_hour(desk: Desk) -> None:
    for i in range(5):
        await desk.signin.ask(PHONE, f"192.0.2.{i}")
    answer = await refused(desk.signin.ask(PHONE, "192.0.2.99"))
    assert answer.reason is SignInReason.TOO_MANY
    await desk.signin.ask("08011112222", HERE)
    desk.later(61 * MINUTE)
    await desk.signin.ask(PHONE, HERE)


async def test_a_client_asks_for_thirty_an_hour_and_ipv6_counts_by_network(desk: Desk) -> None:
    for i in range(30):
        await desk.signin.ask(f"0801111{i:04d}", f"2001:db8:1:2::{i:x}")
    answer = await refused(desk.signin.ask("08099990000", "2001:db8:1:2:ffff::1"))
    assert answer.reason is SignInReason.TOO_MANY
    await desk.signin.ask("08099990000", "2001:db8:1:3::1")


async def test_a_session_ends_by_itself_and_by_hand(desk: Desk) -> None:
    session = await desk.signin.enter((await desk.signin.ask(PHONE, HERE)).id, desk.code())
    desk.later(30 * 24 * 60 * MINUTE - 1)
    assert await desk.signin.user_of(session.token) is not None
    desk.later(1)
    assert await desk.signin.user_of(session.token) is None
    other = await desk.signin.enter((await desk.signin.ask(PHONE, HERE)).id, desk.code())
    await desk.signin.end(other.token)
    await desk.signin.end(other.token)
    assert await desk.signin.user_of(other.token) is None


async def test_a_made_up_token_or_challenge_is_nobodys(desk: Desk) -> None:
    assert await desk.signin.user_of(SessionToken("x" * 43)) is None
    answer = await refused(desk.signin.enter(ChallengeId("x" * 32), "123456"))
    assert answer.reason is SignInReason.CODE_OVER


async def test_a_caller_without_challenge_enters_the_newest(desk: Desk) -> None:
    await desk.signin.ask(PHONE, HERE)
    desk.later(SECOND)
    await desk.signin.ask(PHONE, HERE)
    session = await desk.signin.enter_latest(PHONE, desk.code())
    assert await desk.signin.user_of(session.token) == session.user


async def test_numbers_are_forgotten_after_a_day(desk: Desk) -> None:
    await desk.signin.ask(PHONE, HERE)
    desk.later(25 * 60 * MINUTE)
    await desk.signin.ask("08011112222", HERE)
    kept = await desk.database.read(
        lambda c: c.execute(text("SELECT DISTINCT phone FROM sign_in_messages")).scalars().all()
    )
    assert kept == ["08011112222"]


async def test_a_gateway_that_is_down_is_said_and_counted(desk: Desk) -> None:
    desk.path.mkdir()
    answer = await refused(desk.signin.ask(PHONE, HERE))
    assert answer.reason is SignInReason.SMS_DOWN
    desk.path.rmdir()
    for _ in range(4):
        await desk.signin.ask(PHONE, HERE)
    assert (await refused(desk.signin.ask(PHONE, HERE))).reason is SignInReason.TOO_MANY


def test_the_gateway_takes_a_reference_once_and_refuses_a_book(tmp_path: Path) -> None:
    gateway = FileSmsGateway(tmp_path / "sms.jsonl")
    message = SmsMessage(to="09012345678", text="a", reference="r-1")  # type: ignore[arg-type]
    gateway.send(message)
    gateway.send(message)
    assert gateway.sent() == [message]
    with pytest.raises(SmsNotAccepted):
        gateway.send(SmsMessage(message.to, "長" * 661, "r-2"))


def test_limits_keep_a_guess_under_one_in_twenty_thousand_a_day() -> None:
    limits = SignInLimits()
    assert limits.messages_per_phone_day * limits.tries / 1_000_000 <= 1 / 20_000
