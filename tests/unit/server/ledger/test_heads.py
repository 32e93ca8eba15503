"""Signed heads: due once an hour whoever asks, verifiable by others, in a chain."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from protos.units import Micros
from server.clock import HOUR
from server.ledger import (
    HeadKey,
    StatementError,
    all_signed_heads,
    check_heads,
    parse_file,
    sign_heads,
    sign_heads_if_due,
    verify_ledger,
)
from server.ledger.audit import Audit
from server.ledger.head_statement import parse_statement
from tests.support.books import END_OF_AUGUST, NOON, VOUCHER, Town

OLD, NEW = HeadKey(b"o" * 32), HeadKey(b"n" * 32)


def test_heads_are_signed_hourly_by_whichever_asks_first(town: Town) -> None:
    def ask(at: int) -> bool:
        return town.database.write_now(lambda c: sign_heads_if_due(c, OLD, Micros(at))) is not None

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(ask, [NOON] * 8)) == 1
    assert not ask(NOON + HOUR - 1)
    assert ask(NOON + HOUR)
    assert town.count("signed_heads") == 2
    town.assert_books_hold()


def test_a_statement_can_be_checked_without_choba(town: Town) -> None:
    """Any Ed25519 over the lines, and SHA-256 over the signature before."""
    for _ in range(2):
        town.database.write_now(lambda c: sign_heads(c, OLD, town.clock.now))
        town.grant(town.users["花子"], VOUCHER, 10, END_OF_AUGUST)
    first, second = town.database.read_now(lambda c: list(all_signed_heads(c)))
    lines = second.exported().splitlines()
    body = "".join(f"{line}\n" for line in lines[: lines.index(lines[-2])])
    public = bytes.fromhex(next(x for x in lines if x.startswith("key ")).split(" ")[2])
    signature = bytes.fromhex(lines[-2].removeprefix("signature "))
    Ed25519PublicKey.from_public_bytes(public).verify(signature, body.encode())
    before = next(x for x in lines if x.startswith("previous ")).split(" ")[1]
    assert before == hashlib.sha256(first.signature).hexdigest()


def test_a_new_key_goes_on_with_the_chain(town: Town) -> None:
    for key in (OLD, NEW):
        town.database.write_now(partial(sign_heads, key=key, now=town.clock.now))
    both = {key.key_id: key.public for key in (OLD, NEW)}
    assert town.database.read_now(lambda c: verify_ledger(c, trusted=both)).holds
    alone = {NEW.key_id: NEW.public}
    found = town.database.read_now(lambda c: verify_ledger(c, trusted=alone)).findings
    assert found == [
        f"signed head 1: signed with key {OLD.key_id}, which is not among the trusted keys"
    ]


def test_a_kept_file_is_of_these_books_only(town: Town) -> None:
    town.database.write_now(lambda c: sign_heads(c, OLD, town.clock.now))
    kept = town.database.read_now(lambda c: list(all_signed_heads(c)))[0].exported()
    trusted = {OLD.key_id: OLD.public}

    def found(text: str) -> list[str]:
        audit = Audit()
        compared = town.database.read_now(
            lambda c: check_heads(c, audit, parse_file(text), trusted)
        )
        assert compared == 1
        return audit.findings

    assert found(kept) == []
    assert found(kept.replace("\n", "\r\n")) == [], "mail programs change line ends"
    position = parse_statement(next(iter(parse_file(kept))).text).lanes[0].position
    other = kept.replace(f"lane 1 {position} ", f"lane 1 {position - 1} ")
    assert any("its signature is not" in one for one in found(other))
    assert any("the entry that was signed is another one now" in one for one in found(other))


@pytest.mark.parametrize("text", ["", "\n\n", "choba-heads-v1\n", "x" * 5000, "a\nsignature 00\n"])
def test_a_file_without_signed_heads_is_refused(text: str) -> None:
    with pytest.raises(StatementError):
        list(parse_file(text))
