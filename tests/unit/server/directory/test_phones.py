import pytest

from server.directory.phones import PhoneProblem, e164, masked, parse_mobile


@pytest.mark.parametrize(
    "typed",
    [
        "09012345678",
        "090-1234-5678",
        "090 1234 5678",
        "０９０−１２３４−５６７８",
        "０９０ー１２３４ー５６７８",
        "(090)1234‐5678",
        "+819012345678",
        "+81 (0)90 1234 5678",
        "0081 90 1234 5678",
        " 090.1234.5678 ",
    ],
)
def test_a_number_is_read_however_it_is_written(typed: str) -> None:
    assert parse_mobile(typed) == "09012345678"


@pytest.mark.parametrize(("typed", "missing"), [("090 1234 567", 1), ("0", 10), ("090", 8)])
def test_it_says_how_many_digits_are_missing(typed: str, missing: int) -> None:
    with pytest.raises(PhoneProblem) as problem:
        parse_mobile(typed)
    assert problem.value.missing == missing


@pytest.mark.parametrize(
    "typed",
    ["0312345678x", "03-1234-56789", "0120-000-0000", "05012345678", "090123456789", "abc", "𝟎"],
)
def test_what_receives_no_messages_is_refused(typed: str) -> None:
    with pytest.raises(PhoneProblem) as problem:
        parse_mobile(typed)
    assert problem.value.missing in {0, 10}


def test_how_it_is_shown_and_sent() -> None:
    phone = parse_mobile("08098765432")
    assert masked(phone) == "080 •••• 5432"
    assert e164(phone) == "+818098765432"
