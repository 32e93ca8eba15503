"""A refusal as the books keep it, under the key that it answered."""

import json
from dataclasses import fields
from typing import Any

from server.payments.refusals import RefusalCode, Refused


def refusal_text(refused: Refused) -> str:
    """A refusal as it is stored: JSON of what differs from the defaults."""
    content = {
        f.name: getattr(refused, f.name)
        for f in fields(refused)
        if f.name == "code" or getattr(refused, f.name) != f.default
    }
    return json.dumps(content, ensure_ascii=False, sort_keys=True)


def refusal_of(text: str) -> Refused:
    """The refusal that ``refusal_text`` wrote."""
    content: dict[str, Any] = json.loads(text)
    return Refused(**content | {"code": RefusalCode(content["code"])})
