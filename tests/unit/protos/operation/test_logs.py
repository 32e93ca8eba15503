"""The log: one JSON object a line, and no secret in it whoever writes it."""

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from protos.operation import logs
from protos.operation.redaction import Secret


@dataclass
class Record:
    token: str = "geheim"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.start("info", stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_fields_are_shown_by_type_and_secrets_are_not(stream: io.StringIO) -> None:
    logs.say(
        logging.getLogger("x"),
        logging.INFO,
        "something",
        amount=1200,
        name="市",
        key=b"geheim",
        token=Secret("geheim"),
        record=Record(),
        nested={"deep": [Secret(b"geheim"), None, True]},
    )
    (line,) = lines(stream)
    assert "geheim" not in stream.getvalue()
    assert line["event"] == "something"
    assert line["amount"] == 1200
    assert line["name"] == "市"
    assert line["key"] == "<6 bytes>"
    assert line["token"] == "<secret>"
    assert line["record"] == "<Record>"
    assert line["nested"] == {"deep": ["<secret>", None, True]}


def test_a_secret_shows_itself_in_no_spelling() -> None:
    secret = Secret("geheim")
    shown = f"{secret} {secret!r} {secret:>30} %s %r" % (secret, secret)
    assert "geheim" not in shown
    assert secret.reveal() == "geheim"


def test_a_database_error_keeps_the_values_of_its_statement(stream: io.StringIO) -> None:
    engine = create_engine("sqlite://")
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT nothing FROM nowhere WHERE x = :x"), {"x": "geheim"})
    except Exception as error:
        logs.say(logging.getLogger("x"), logging.ERROR, "failed", error=error)
    finally:
        engine.dispose()
    (line,) = lines(stream)
    assert line["exception"]["type"] == "OperationalError"
    assert "nowhere" in line["exception"]["text"]
    assert "geheim" not in stream.getvalue()


def test_a_line_break_in_a_message_stays_one_line(stream: io.StringIO) -> None:
    logging.getLogger("library").warning("two\nlines %s", "here")
    (line,) = lines(stream)
    assert line["event"] == "two\nlines here"
