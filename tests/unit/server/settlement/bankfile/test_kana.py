"""Names in half-width: what is normalised, what is refused, and that nothing is cut."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.refusal import Refusal
from server.settlement.bankfile import BankFileCode
from server.settlement.bankfile.kana import Alphabet, half_width


def party(name: str, most: int = 30) -> str:
    return half_width(name, most, Alphabet.PARTY, "recipient_kana")


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("カ）マチノミセ", "ｶ)ﾏﾁﾉﾐｾ"),
        ("マツヤ　セイカテン", "ﾏﾂﾔ ｾｲｶﾃﾝ"),
        ("ガギグゲゴ パピ ヴ", "ｶﾞｷﾞｸﾞｹﾞｺﾞ ﾊﾟﾋﾟ ｳﾞ"),
        ("ｶﾞｯｺｳ", "ｶﾞﾂｺｳ"),
        ("カ゛ハ゜", "ｶﾞﾊﾟ"),
        ("か\u3099".replace("か", "カ"), "ｶﾞ"),
        ("ショッピング", "ｼﾖﾂﾋﾟﾝｸﾞ"),
        ("ァィゥェォッャュョヮヵヶ", "ｱｲｳｴｵﾂﾔﾕﾖﾜｶｹ"),
        ("ｧｨｩｪｫｯｬｭｮ", "ｱｲｳｴｵﾂﾔﾕﾖ"),
        ("コーヒー", "ｺ-ﾋ-"),
        ("ｺｰﾋｰ", "ｺ-ﾋ-"),
        ("Ａｂｃ．１２（３）－", "ABC.12(3)-"),
        ("a-z", "A-Z"),
        ("  ﾎﾝﾃﾝ　 ", "ﾎﾝﾃﾝ"),
    ],
)
def test_what_is_normalised(name: str, written: str) -> None:
    assert party(name) == written


@pytest.mark.parametrize(
    ("name", "sign", "place"),
    [
        ("カ）町の店", "町", 3),
        ("㈱マチ", "㈱", 1),
        ("マチのミセ", "の", 3),
        ("マチ,ミセ", ",", 3),
        ("マチ・ミセ", "・", 3),
        ("ヲトメ", "ヲ", 1),
        ("ｦﾄﾒ", "ｦ", 1),
        ("ヴ@", "@", 2),
        ("マチ\tミセ", "\t", 3),
        ("Straße", "ß", 5),
        ("Café", "é", 4),
        ("カ−ド", "−", 2),
        ("ミセ🙂", "🙂", 3),
        ("ﾏﾁ｡", "｡", 3),
        ("マチ\\", "\\", 3),
    ],
)
def test_what_is_refused_with_its_place(name: str, sign: str, place: int) -> None:
    with pytest.raises(Refusal) as refused:
        party(name)
    assert refused.value.code is BankFileCode.NAME_CHARACTER
    assert refused.value.field == "recipient_kana"
    assert refused.value.detail == {"place": str(place), "character": sign}
    assert f"{place}文字目" in refused.value.ja


def test_banks_names_have_fewer_signs() -> None:
    assert half_width("ミツビシユーエフジェイ", 15, Alphabet.PLACE, "bank_name_kana")
    for sign in "().":
        with pytest.raises(Refusal):
            half_width(f"ミツビシ{sign}", 15, Alphabet.PLACE, "bank_name_kana")


def test_too_long_is_refused_and_marks_count() -> None:
    assert len(party("ガ" * 15)) == 30
    with pytest.raises(Refusal) as refused:
        party("ガ" * 15 + "ア")
    assert refused.value.code is BankFileCode.NAME_TOO_LONG
    assert refused.value.detail == {"length": "31", "most": "30"}
    with pytest.raises(Refusal) as refused:
        party(" 　 ")
    assert refused.value.code is BankFileCode.NAME_EMPTY


def test_hints_name_the_remedy() -> None:
    for name, remedy in (("店", "カタカナの名義"), ("みせ", "カタカナ"), ("ヲ", "「オ」")):
        with pytest.raises(Refusal) as refused:
            party(name)
        assert remedy in refused.value.ja


_ALLOWED = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ ().-" + "".join(map(chr, range(0xFF71, 0xFFA0)))


@given(st.text(max_size=40))
def test_any_text_is_written_in_allowed_characters_or_refused(name: str) -> None:
    try:
        written = party(name)
    except Refusal:
        return
    assert set(written) <= set(_ALLOWED)
    assert 1 <= len(written) <= 30
    assert len(written.encode("cp932")) == len(written)
    assert party(written) == written


@given(st.text(alphabet=_ALLOWED, min_size=1, max_size=30).filter(str.strip))
def test_what_is_half_width_already_stays(name: str) -> None:
    assert party(name) == name.strip(" ")
    full = unicodedata.normalize("NFKC", name)
    assert party(full) == name.strip(" ")
