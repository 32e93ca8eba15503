"""Terminals as devices: enrolment, certificates, presence, configuration, what they report.

The face of this room is ``Fleet``; whom a terminal belongs to stands in the directory.
"""

from server.fleet.certificates import Revoked, TerminalIdentity
from server.fleet.events import DeviceEvent, DeviceEventKind, payments_told
from server.fleet.fleet import (
    Enrolled,
    EnrolmentRequest,
    Fleet,
    IssuedCode,
)
from server.fleet.presence import Hello, Present
from server.fleet.refusals import FleetReason, FleetRefused

__all__ = [
    "DeviceEvent",
    "DeviceEventKind",
    "Enrolled",
    "EnrolmentRequest",
    "Fleet",
    "FleetReason",
    "FleetRefused",
    "Hello",
    "IssuedCode",
    "Present",
    "Revoked",
    "TerminalIdentity",
    "payments_told",
]
