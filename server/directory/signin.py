"""Sign in by mobile number: number -> code by SMS -> session. Bearer tokens are the same sessions.

The code itself is stored nowhere: it follows from a secret and the challenge's id, so that who
reads a stolen database signs nobody in, and a message sent again carries the same six digits (the
first one may still arrive). A session's token is stored as its SHA-256 only.
"""

import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NewType

from anyio import to_thread
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from protos.units import Micros, UserId
from server.clock import SECOND, Clock
from server.db import Database
from server.db.together import ReadTogether
from server.directory import signin_store as store
from server.directory.known_owners import KnownOwners
from server.directory.phones import CODE_DIGITS, PhoneNumber, PhoneProblem, digits_of, parse_mobile
from server.directory.records import create_user, user_by_phone
from server.directory.signin_refusals import SignInReason, SignInRefused, refusal
from server.directory.sms import SmsGateway, SmsMessage, SmsNotAccepted
from server.remembered import Remembered

_BELIEVED: Final = 10 * SECOND
_MOST_BELIEVED: Final = 20_000

ChallengeId = NewType("ChallengeId", str)
"""Random; held by the browser that asked for a code. It is no secret of the customer's."""

SessionToken = NewType("SessionToken", str)
"""256 random bits as text; the only copy is the customer's."""


@dataclass(frozen=True, slots=True)
class SignInLimits:
    """How long and how often. The defaults keep a guess under 1 in 20,000 a day and number:
    10 challenges of 5 tries against a million codes."""

    code_life: timedelta = timedelta(minutes=10)
    tries: int = 5
    resend_after: timedelta = timedelta(seconds=60)
    messages_per_challenge: int = 3
    messages_per_phone_hour: int = 5
    messages_per_phone_day: int = 10
    messages_per_client_hour: int = 30
    messages_per_minute: int = 600
    session_life: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Challenge:
    """A code that was asked for and is waited for."""

    id: ChallengeId
    phone: PhoneNumber
    expires_at: Micros
    resend_at: Micros
    may_resend: bool


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session just begun. ``token`` is shown once and never again."""

    token: SessionToken
    user: UserId
    expires_at: Micros


class SignIn:
    """Codes and sessions of customers; the same object serves the web and WalletService."""

    def __init__(
        self,
        *,
        database: Database,
        gateway: SmsGateway,
        secret: bytes,
        clock: Clock,
        sender: str = "まち商品券",
        autofill_host: str = "",
        limits: SignInLimits | None = None,
        owners: KnownOwners | None = None,
    ) -> None:
        """``secret``: 32 bytes or more, shared by all server processes; ``sender`` opens the
        message; ``autofill_host`` is the wallet's host without port, for the phone's own filling
        in of the code (the last line of the message, "origin-bound one-time codes")."""
        if len(secret) < 32:
            raise ValueError("CHOBA_SIGNIN_SECRET_SHORT: the secret needs 32 bytes or more")
        self._database = database
        self._gateway = gateway
        self._secret = secret
        self._clock = clock
        self._sender = sender
        self._autofill_host = autofill_host
        self._limits = limits or SignInLimits()
        self._owners = owners or KnownOwners(database)
        self._reader: Final = store.SessionReader(database.kind)
        self._sessions: Final = ReadTogether(self._read_sessions)
        self._open_sessions: Final[Remembered[bytes, tuple[UserId, int]]] = Remembered(
            _MOST_BELIEVED
        )
        self._ended: Final[Remembered[bytes, None]] = Remembered(_MOST_BELIEVED)
        self._left: Final[Remembered[UserId, None]] = Remembered(_MOST_BELIEVED)

    async def ask(self, phone_text: str, client: str) -> Challenge:
        """Send a code to a number. ``client``: the caller's network address, for the limits.

        Raises SignInRefused: PHONE_*, TOO_MANY, SMS_DOWN.
        """
        phone = _phone(phone_text)
        now = self._clock()
        challenge = store.ChallengeRow(
            id=secrets.token_urlsafe(24),
            phone=phone,
            asked_at=now,
            expires_at=_after(now, self._limits.code_life),
            tries=0,
            used=False,
            messages=0,
            last_message_at=Micros(0),
        )

        def work(connection: Connection) -> None:
            self._check_limits(connection, phone, client, now)
            store.forget_before(connection, _before(now, timedelta(days=1)))
            store.add_challenge(connection, challenge)
            store.add_message(connection, challenge, self._client_hash(client), now)

        await self._database.write(work)
        await self._send(challenge.id, phone, 1)
        return self._view(challenge.with_message(now))

    async def resend(self, challenge_id: ChallengeId, client: str) -> Challenge:
        """Send the same code once more. It lives no longer for that.

        Raises SignInRefused: CODE_OVER, TOO_MANY, SMS_DOWN.
        """
        now = self._clock()

        def work(connection: Connection) -> store.ChallengeRow:
            row = store.challenge(connection, challenge_id)
            if row is None or not self._is_open(row, now):
                raise refusal(SignInReason.CODE_OVER)
            view = self._view(row)
            if not view.may_resend or now < view.resend_at:
                retry_at = view.resend_at if view.may_resend else row.expires_at
                raise refusal(SignInReason.TOO_MANY, retry_at=retry_at, now=now)
            self._check_limits(connection, row.phone, client, now)
            store.add_message(connection, row, self._client_hash(client), now)
            return row

        row = await self._database.write(work)
        await self._send(row.id, row.phone, row.messages + 1)
        return self._view(row.with_message(now))

    async def challenge(self, challenge_id: ChallengeId) -> Challenge | None:
        """The challenge if a code can still be entered for it. Changes nothing."""
        now = self._clock()
        row = await self._database.read(lambda c: store.challenge(c, challenge_id))
        return self._view(row) if row and self._is_open(row, now) else None

    async def enter(self, challenge_id: ChallengeId, code_text: str) -> NewSession:
        """Check a code and begin a session. The first sign-in registers the customer.

        Raises SignInRefused: CODE_SHORT, CODE_NOT_DIGITS (both cost no try), CODE_WRONG, CODE_OVER.
        """
        code = _code(code_text)
        now = self._clock()
        token = SessionToken(secrets.token_urlsafe(32))

        def work(connection: Connection) -> NewSession | SignInRefused:
            # counted before it is compared: many tries at once can't pass the limit together
            row = store.count_try(connection, challenge_id, now, self._limits.tries)
            if row is None:
                return refusal(SignInReason.CODE_OVER)
            if hmac.compare_digest(self._code_of(row.id), code):
                store.use_challenge(connection, row.id)
                user = _customer(connection, row.phone, now)
                expires_at = _after(now, self._limits.session_life)
                store.add_session(connection, _token_hash(token), user, now, expires_at)
                return NewSession(token, user, expires_at)
            left = self._limits.tries - row.tries
            reason = SignInReason.CODE_WRONG if left else SignInReason.CODE_OVER
            return refusal(reason, tries_left=left)

        # a refusal is returned, not raised, inside: the counted try has to be committed
        answer = await self._database.write(work)
        if isinstance(answer, SignInRefused):
            raise answer
        return answer

    async def enter_latest(self, phone_text: str, code_text: str) -> NewSession:
        """As ``enter``, for callers who keep no challenge id: the number's newest challenge.

        Raises SignInRefused as ``enter`` and PHONE_*.
        """
        phone = _phone(phone_text)
        _code(code_text)
        newest = await self._database.read(lambda c: store.newest_challenge(c, phone))
        if newest is None:
            raise refusal(SignInReason.CODE_OVER)
        return await self.enter(ChallengeId(newest.id), code_text)

    async def user_of(self, token: SessionToken) -> UserId | None:
        """Whose session it is, or None when it is over, ended or never was. Changes nothing.

        A session that was open is believed for ten seconds more: an application that pays for one
        customer after another would read it a thousand times a second. One that is ended in this
        process, or whose customer leaves through it, is over at once.
        """
        digest = _token_hash(token)
        now = self._clock()
        known = self._open_sessions.get(digest)
        if known is not None and now < known[1]:
            return known[0]
        found = await self._sessions.get(digest)
        self._open_sessions.forget(digest)
        if found is None:
            return None
        self._owners.learn(found.user, found.owner)
        # one that was ended while it was read is not believed
        if digest not in self._ended and found.user not in self._left:
            self._open_sessions.put(digest, (found.user, min(now + _BELIEVED, found.until)))
        return found.user

    async def end(self, token: SessionToken) -> None:
        """Sign out: the token is worth nothing from now on. Ending twice is no error."""
        digest = _token_hash(token)
        await self._database.write(lambda c: store.end_session(c, digest))
        self._open_sessions.forget(digest)
        self._ended.put(digest, None)

    def believe_no_more(self, user: UserId) -> None:
        """The customer has left (退会): their sessions are deleted, and over at once in this
        process too."""
        self._left.put(user, None)
        for digest, (whose, _) in self._open_sessions.items():
            if whose == user:
                self._open_sessions.forget(digest)

    async def _read_sessions(self, digests: Sequence[bytes]) -> dict[bytes, store.OpenSession]:
        question = self._reader.question(digests, self._clock())
        (rows,) = await self._database.look_up([question])
        return self._reader.sessions(rows)

    def _is_open(self, row: store.ChallengeRow, now: Micros) -> bool:
        return not row.used and now < row.expires_at and row.tries < self._limits.tries

    def _view(self, row: store.ChallengeRow) -> Challenge:
        return Challenge(
            id=ChallengeId(row.id),
            phone=row.phone,
            expires_at=row.expires_at,
            resend_at=_after(row.last_message_at, self._limits.resend_after),
            may_resend=row.messages < self._limits.messages_per_challenge,
        )

    def _check_limits(
        self, connection: Connection, phone: PhoneNumber, client: str, now: Micros
    ) -> None:
        minute, hour, day = (
            _before(now, timedelta(minutes=1)),
            _before(now, timedelta(hours=1)),
            _before(now, timedelta(days=1)),
        )
        client_hash = self._client_hash(client)
        limits = self._limits
        over = (
            (
                store.messages_since(connection, hour, phone=phone),
                limits.messages_per_phone_hour,
                1,
            ),
            (store.messages_since(connection, day, phone=phone), limits.messages_per_phone_day, 24),
            (
                store.messages_since(connection, hour, client=client_hash),
                limits.messages_per_client_hour,
                1,
            ),
        )
        for count, most, hours in over:
            if count >= most:
                until = _after(now, timedelta(hours=hours))
                raise refusal(SignInReason.TOO_MANY, retry_at=until, now=now)
        if store.messages_since(connection, minute) >= limits.messages_per_minute:
            raise refusal(SignInReason.SMS_DOWN)

    async def _send(self, challenge_id: str, phone: PhoneNumber, number: int) -> None:
        code = self._code_of(challenge_id)
        minutes = int(self._limits.code_life.total_seconds() // 60)
        lines = [
            f"【{self._sender}】サインインの番号: {code}（{minutes}分間）",
            "この番号を、市や店の者がうかがうことはありません。",
        ]
        if self._autofill_host:
            lines += ["", f"@{self._autofill_host} #{code}"]
        message = SmsMessage(phone, "\n".join(lines), f"{challenge_id}-{number}")
        try:
            await to_thread.run_sync(self._gateway.send, message)
        except SmsNotAccepted as error:
            raise refusal(SignInReason.SMS_DOWN) from error

    def _code_of(self, challenge_id: str) -> str:
        mac = hmac.digest(self._secret, b"choba-signin-v1" + challenge_id.encode(), "sha256")
        return f"{int.from_bytes(mac, 'big') % 10**CODE_DIGITS:0{CODE_DIGITS}d}"

    def _client_hash(self, client: str) -> bytes:
        """An address is personal: the limits need only to know it again. IPv6 by its /64."""
        try:
            address = ipaddress.ip_address(client)
            prefix = 64 if address.version == 6 else 32
            client = str(ipaddress.ip_network((address, prefix), strict=False))
        except ValueError:
            client = "unknown"
        return hmac.digest(self._secret, b"choba-client-v1" + client.encode(), "sha256")[:16]


def _customer(connection: Connection, phone: PhoneNumber, now: Micros) -> UserId:
    """The customer with this number, registered now if there was none."""
    known = user_by_phone(connection, phone)
    if known is None:
        try:
            with connection.begin_nested():
                known = create_user(connection, display_name="", phone=phone, at=now)
        except IntegrityError:  # registered by another process since we looked
            known = user_by_phone(connection, phone)
    assert known is not None
    return known.user_id


def _phone(text: str) -> PhoneNumber:
    if not text.strip():
        raise refusal(SignInReason.PHONE_EMPTY)
    try:
        return parse_mobile(text)
    except PhoneProblem as problem:
        if problem.missing:
            raise refusal(SignInReason.PHONE_SHORT, missing=problem.missing) from problem
        raise refusal(SignInReason.PHONE_NOT_MOBILE) from problem


def _code(text: str) -> str:
    digits = digits_of(text)
    if not (digits.isascii() and digits.isdigit()) or len(digits) > CODE_DIGITS:
        raise refusal(
            SignInReason.CODE_NOT_DIGITS if digits else SignInReason.CODE_SHORT,
            missing=CODE_DIGITS,
        )
    if len(digits) < CODE_DIGITS:
        raise refusal(SignInReason.CODE_SHORT, missing=CODE_DIGITS - len(digits))
    return digits


def _token_hash(token: SessionToken) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _after(instant: Micros, span: timedelta) -> Micros:
    return Micros(instant + int(span.total_seconds() * 1_000_000))


def _before(instant: Micros, span: timedelta) -> Micros:
    return Micros(instant - int(span.total_seconds() * 1_000_000))


__all__ = [
    "Challenge",
    "ChallengeId",
    "NewSession",
    "SessionToken",
    "SignIn",
    "SignInLimits",
    "SignInReason",
    "SignInRefused",
]
