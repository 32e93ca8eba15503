"""Which characters the wallet can show of its own accord: what its fonts have to draw."""

from importlib import resources

from protos.confirmation import SEALS
from server.directory.signin_refusals import every_sentence
from server.web.wallet import formats
from server.web.wallet.refusals import FACES
from server.web.wallet.words import WORDS

_ASCII = "".join(chr(code) for code in range(0x20, 0x7F))
_KANA = "".join(chr(code) for code in (*range(0x3041, 0x3097), *range(0x30A1, 0x30FB)))
_SHOPS = (
    "青果精肉鮮魚酒茶米花薬局書店文具堂屋本町商会食品喫茶菓子洋服靴時計眼鏡電器自転車美容理髪室院医歯科"
    "豆腐麺寿司弁当和洋中華料理居酒焼鳥餅糀味噌醤油海苔呉服履物陶器家具金物布団写真館湯浴場山田川上下"
    "東西南北大小新古松竹梅桜丸一二三四五六七八九十百千万市民農園直売所駅前通丁目番地号"
)
"""Frequent in the names of shops; the rest of a name falls back to the phone's font."""
_SIGNS = "¥・。、「」（）〜ー…•’–‘“”✓×％〇"


def every_character() -> str:
    """Everything but names: words, refusals, numbers as they are read, seals, kana, ASCII."""
    texts = [_ASCII, _KANA, _SIGNS, _SHOPS, "".join(SEALS), "月火水木金土日", "サービスレジ端末"]
    texts += [text for pair in WORDS.values() for text in pair]
    for face in FACES.values():
        texts += [face.ja, face.en, face.text_ja, face.text_en]
    texts += every_sentence()
    texts += [formats.reading(amount) for amount in (1_234_567, 8_900_000, 11_110)]
    folder = resources.files("server.web.wallet") / "templates"
    texts += [file.read_text("utf-8") for file in folder.iterdir() if file.name.endswith(".html")]
    static = resources.files("server.web.wallet") / "static"
    texts += [(static / name).read_text("utf-8") for name in ("wallet.js", "scan.js")]
    return "".join(sorted(set("".join(texts)) - {"\n"}))


def mono_characters() -> str:
    """Of the font of one width: clocks, codes, ids, and the seal beside a code."""
    return "".join(sorted(set(_ASCII + "¥（）時分秒" + "".join(SEALS))))
