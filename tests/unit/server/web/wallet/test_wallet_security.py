import pytest
from starlette.requests import Request

from server.web.wallet.security import Sealer, is_same_origin
from server.web.wallet.settings import WalletSettings

SEALER = Sealer(b"k" * 32)


def test_a_seal_opens_for_its_purpose_only() -> None:
    sealed = SEALER.seal("sale", {"shop": "まつや", "amount": 1200})
    assert SEALER.open("sale", sealed) == {"shop": "まつや", "amount": 1200}
    assert SEALER.open("refused", sealed) is None
    assert Sealer(b"j" * 32).open("sale", sealed) is None


@pytest.mark.parametrize("text", ["", ".", "a.b", "é.ü", "{}." + "A" * 22, "A" * 5000])
def test_what_was_not_sealed_here_is_nothing(text: str) -> None:
    assert SEALER.open("sale", text) is None


def test_a_changed_character_breaks_the_seal() -> None:
    sealed = SEALER.seal("sale", {"amount": 1200})
    for at in range(len(sealed)):
        other = "A" if sealed[at] != "A" else "B"
        changed = sealed[:at] + other + sealed[at + 1 :]
        assert SEALER.open("sale", changed) in (None, {"amount": 1200})
        if at < sealed.index("."):
            assert SEALER.open("sale", changed) is None


def test_a_form_token_is_for_one_browser_and_session() -> None:
    token = SEALER.form_token("visitor", "session")
    assert SEALER.is_form_token(token, "visitor", "session")
    assert not SEALER.is_form_token(token, "visitor", "")
    assert not SEALER.is_form_token(token, "other", "session")
    assert not SEALER.is_form_token("", "visitor", "session")
    assert not SEALER.is_form_token(SEALER.form_token("", "session"), "", "session")


def test_a_form_token_never_looks_the_same() -> None:
    assert SEALER.form_token("v", "s") != SEALER.form_token("v", "s")


@pytest.mark.parametrize(
    ("headers", "same"),
    [
        ({}, True),
        ({"origin": "https://wallet.example"}, True),
        ({"sec-fetch-site": "same-origin", "origin": "https://wallet.example"}, True),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "http://wallet.example"}, False),
        ({"origin": "null"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
    ],
)
def test_a_post_comes_from_our_own_pages(headers: dict[str, str], same: bool) -> None:
    all_headers = {"host": "wallet.example", **headers}
    raw = [(k.encode(), v.encode()) for k, v in all_headers.items()]
    scope = {
        "type": "http",
        "method": "POST",
        "scheme": "https",
        "path": "/pay",
        "query_string": b"",
        "headers": raw,
    }
    assert is_same_origin(Request(scope)) is same


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="CHOBA_WEB_SECRET_SHORT"):
        WalletSettings(secret=b"short", qr_hosts=frozenset())
