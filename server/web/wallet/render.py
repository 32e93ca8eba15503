"""Templates to bytes: what every template may say and call."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from server.web.wallet import formats
from server.web.wallet.files import StaticFiles
from server.web.wallet.settings import WalletSettings
from server.web.wallet.words import Lang, say


class Renderer:
    """Jinja2 with escaping everywhere and no undefined names."""

    def __init__(self, settings: WalletSettings, files: StaticFiles) -> None:
        self._settings = settings
        self._environment = Environment(
            loader=PackageLoader("server.web.wallet"),
            autoescape=select_autoescape(default=True, default_for_string=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals.update(
            static=files.url,
            font=files.font,
            yen_text=formats.yen,
            reading=formats.reading,
            stamp=formats.stamp,
            clock=formats.clock,
            id_groups=formats.id_groups,
            spaced_code=formats.spaced_code,
        )

    def page(self, template: str, lang: Lang, **values: Any) -> bytes:
        """A page in a reader's language. Raises KeyError for a word that isn't there."""
        settings = self._settings

        def t(key: str, **fields: object) -> str:
            return say(key, lang, **fields)

        def other(key: str, **fields: object) -> str:
            return say(key, lang.other, **fields)

        def tt(key: str, **fields: object) -> Markup:
            """The word, and small beside it the other language's."""
            first, second = t(key, **fields), other(key, **fields)
            if first == second:
                return Markup("{}").format(first)
            return Markup('{} <span class="en" lang="{}">{}</span>').format(
                first, lang.other.value, second
            )

        japanese = lang is Lang.JA
        return (
            self._environment.get_template(template)
            .render(
                lang=lang.value,
                other_lang=lang.other.value,
                t=t,
                tt=tt,
                other=other,
                site=settings.name_ja if japanese else settings.name_en,
                help=t(
                    "all.help",
                    phone=settings.help_phone,
                    hours=settings.help_hours_ja if japanese else settings.help_hours_en,
                ),
                **values,
            )
            .encode()
        )
