"""The way out for short messages: what a gateway is, and one that writes them to a file."""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from server.directory.phones import PhoneNumber, e164


class SmsNotAccepted(Exception):  # noqa: N818 -- says what is so
    """The gateway did not take the message: try later. Carries no number and no text."""


@dataclass(frozen=True, slots=True)
class SmsMessage:
    """One message to one phone."""

    to: PhoneNumber
    text: str
    reference: str
    """Ours, unique per message: a gateway that is asked twice sends once."""


class SmsGateway(Protocol):
    """What carries short messages. Blocking; called off the event loop."""

    def send(self, message: SmsMessage) -> None:
        """Hand one message over for delivery.

        Raises SmsNotAccepted.
        """
        ...


class FileSmsGateway:
    """A simulated gateway: appends each message as a JSON line to a file only its owner can read.

    The demo and the tests read it as a customer reads the phone. Like a real one it takes a
    reference once, and refuses what doesn't fit into a concatenated message.
    """

    MOST_CHARACTERS = 660  # ten concatenated UCS-2 parts of 66, as Japanese carriers allow

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, message: SmsMessage) -> None:
        """Append the message. Raises SmsNotAccepted when it is too long or the disk refuses."""
        if len(message.text) > self.MOST_CHARACTERS:
            raise SmsNotAccepted("too long")
        record = {
            "at": datetime.now(UTC).isoformat(timespec="microseconds"),
            "to": e164(message.to),
            "text": message.text,
            "reference": message.reference,
        }
        line = json.dumps(record, ensure_ascii=False) + "\n"
        try:
            if message.reference in {sent.reference for sent in self.sent()}:
                return
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "a", encoding="utf-8") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(line)
        except OSError as error:
            raise SmsNotAccepted(error.strerror or "write") from error

    def sent(self) -> list[SmsMessage]:
        """Every message so far, oldest first."""
        if not self._path.exists():
            return []
        with self._path.open(encoding="utf-8") as file:
            records = [json.loads(line) for line in file]
        return [
            SmsMessage(PhoneNumber("0" + r["to"].removeprefix("+81")), r["text"], r["reference"])
            for r in records
        ]
