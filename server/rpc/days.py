"""Days as requests write them: 2024-06-08, Asia/Tokyo."""

import re
from datetime import date
from typing import Final

from server.rpc.errors import invalid_field

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", re.ASCII)


def day_of(name: str, text: str) -> date:
    """Raises CallError that names the field."""
    try:
        if _DAY.match(text):
            return date.fromisoformat(text)
    except ValueError as error:
        raise invalid_field(name, "there is no such day") from error
    raise invalid_field(
        name, "write a day as 2024-06-08", "日付は 2024-06-08 のように書いてください。"
    )
