"""What a scanner may meet: torn, foreign, forged and misspelt tokens."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protos.qr_token import (
    SALE_EPOCH,
    TEXT_LENGTH,
    Token,
    TokenError,
    TokenKind,
    mint,
    next_sale_number,
    parse,
    qr_url,
    token_text_of,
)
from protos.units import SaleNumber, TerminalNumber, UnixSeconds, Yen

KEY = bytes(range(32))
U32 = st.integers(0, 2**32 - 1)
TOKENS = st.builds(
    Token,
    kind=st.sampled_from(TokenKind),
    terminal=U32.map(TerminalNumber),
    sale=U32.map(SaleNumber),
    minted_at=U32.map(UnixSeconds),
    amount=U32.map(Yen),
)


@given(TOKENS)
def test_what_is_minted_is_read(token: Token) -> None:
    sealed = parse(mint(token, KEY))
    assert sealed.token == token
    assert sealed.is_genuine(KEY)
    assert not sealed.is_genuine(KEY[::-1])


@given(TOKENS, st.integers(0, 27 * 8 - 1))
def test_any_changed_bit_is_noticed(token: Token, bit: int) -> None:
    raw = bytearray(base64.b32decode(mint(token, KEY) + "===="))
    raw[bit // 8] ^= 1 << bit % 8
    try:
        sealed = parse(base64.b32encode(bytes(raw)).decode().rstrip("="))
    except TokenError as error:
        assert error.reason in {"version", "kind"}  # noqa: PT017 - either refusal is right
    else:
        assert not sealed.is_genuine(KEY)


@given(TOKENS, st.integers(1, 15))
def test_a_token_has_one_spelling(token: Token, unused: int) -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    text = mint(token, KEY)
    last = alphabet.index(text[-1])
    assert last % 16 == 0, "27 bytes leave four unused bits, all zero"
    with pytest.raises(TokenError, match="spelling"):
        parse(text[:-1] + alphabet[last + unused])


@given(st.text(max_size=60))
def test_no_text_raises_anything_else(text: str) -> None:
    try:
        parse(text)
    except TokenError as error:
        assert error.reason  # noqa: PT017 - texts that happen to parse are fine too


def test_lower_case_is_the_same_token() -> None:
    token = Token(TokenKind.DYNAMIC, TerminalNumber(1), SaleNumber(2), UnixSeconds(3), Yen(4))
    assert parse(mint(token, KEY).lower()).token == token


def test_numbers_beyond_32_bits_are_refused() -> None:
    token = Token(TokenKind.DYNAMIC, TerminalNumber(1), SaleNumber(2**32), UnixSeconds(3), Yen(4))
    with pytest.raises(TokenError, match="range"):
        mint(token, KEY)


def test_url_fits_and_stays_alphanumeric() -> None:
    url = qr_url("a" * 30 + ":8443", "A" * TEXT_LENGTH)
    assert len(url) == 90
    assert set(url) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
    with pytest.raises(TokenError, match="host"):
        qr_url("a" * 36, "A" * TEXT_LENGTH)


def test_token_out_of_a_url() -> None:
    assert token_text_of(" HTTPS://PAY.EXAMPLE.JP/Q/ABC ") == "ABC"
    assert token_text_of("https://pay.example.jp/q/abc") == "abc"
    assert token_text_of("ABC") == "ABC"
    with pytest.raises(TokenError, match="url"):
        token_text_of("https://pay.example.jp/x/abc")


def test_sale_numbers_rise_even_when_the_journal_is_lost() -> None:
    now = UnixSeconds(SALE_EPOCH + 1000)
    assert next_sale_number(SaleNumber(0), now) == 1000
    assert next_sale_number(SaleNumber(1000), now) == 1001
    assert next_sale_number(SaleNumber(5000), now) == 5001
