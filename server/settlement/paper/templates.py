"""Templates of documents: texts are escaped, a name that is missing is an error."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from server.settlement.paper import words

_FOLDER: Final = Path(__file__).parent / "templates"
_FILTERS: Final[Mapping[str, Callable[..., str]]] = {
    "yen": words.yen,
    "count": words.count,
    "day": words.day,
    "short_day": words.short_day,
    "month_day": words.month_day,
    "until": words.until,
}


def fill(name: str, values: Mapping[str, Any]) -> str:
    """The document ``name`` (``statement.html``) with these values."""
    return _templates().get_template(name).render(values)


@lru_cache(maxsize=1)
def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= _FILTERS
    return templates
