"""How a call ends badly: a gRPC status, a stable reason for programs, a sentence for people.

The status' text is the Japanese sentence; ``grpc-status-details-bin`` carries ErrorInfo (reason,
domain ``choba``), the sentence in English, and the field where one is wrong.
"""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2, status_pb2

DOMAIN = "choba"
_DETAILS_KEY = "grpc-status-details-bin"


class CallReason(StrEnum):
    """Reasons that belong to the call itself, not to a domain."""

    UNAUTHENTICATED = "CHOBA_CALL_UNAUTHENTICATED"
    FIELD_INVALID = "CHOBA_CALL_FIELD_INVALID"
    DEADLINE = "CHOBA_CALL_DEADLINE"
    INTERNAL = "CHOBA_CALL_INTERNAL"


@dataclass(frozen=True, slots=True)
class CallFailure:
    """What the caller is told."""

    status: grpc.StatusCode
    reason: str
    ja: str
    en: str
    field: str = ""
    metadata: Mapping[str, str] = dataclasses.field(default_factory=dict)


class CallError(Exception):
    """Ends a call with its failure; raised by servicers, told by the interceptor."""

    def __init__(self, failure: CallFailure) -> None:
        super().__init__(failure.reason)
        self.failure = failure


def invalid_field(name: str, en: str, ja: str = "") -> CallError:
    """INVALID_ARGUMENT that names the field and what it has to be."""
    return CallError(
        CallFailure(
            grpc.StatusCode.INVALID_ARGUMENT,
            CallReason.FIELD_INVALID,
            ja or f"{name} の値が正しくありません。",
            f"{name}: {en}",
            name,
        )
    )


def unauthenticated(en: str) -> CallError:
    """UNAUTHENTICATED; the same words for a missing, a wrong and an ended token."""
    return CallError(
        CallFailure(
            grpc.StatusCode.UNAUTHENTICATED,
            CallReason.UNAUTHENTICATED,
            "サインインし直してください。",
            en,
        )
    )


INTERNAL = CallFailure(
    grpc.StatusCode.INTERNAL,
    CallReason.INTERNAL,
    "サーバーで問題が起きました。もう一度お試しください。",
    "Something went wrong in the server. Please send the same request again.",
)
UNAVAILABLE_JA = "帳簿がいま返事をしません。同じ操作をもう一度お試しください。"
UNAVAILABLE_EN = "The ledger does not answer. Send the same request again."
DEADLINE = CallFailure(
    grpc.StatusCode.DEADLINE_EXCEEDED,
    CallReason.DEADLINE,
    "時間内に終わりませんでした。結果は分かりません。同じ操作をもう一度お試しください。",
    "Not finished in time; the outcome is unknown. Send the same request again.",
)


def trailing_metadata(failure: CallFailure) -> tuple[tuple[str, bytes], ...]:
    """The details of a failure as they travel (google.rpc.Status in the trailers)."""
    status = status_pb2.Status(code=failure.status.value[0], message=failure.ja)
    details = [
        error_details_pb2.ErrorInfo(
            reason=failure.reason, domain=DOMAIN, metadata=dict(failure.metadata)
        ),
        error_details_pb2.LocalizedMessage(locale="en", message=failure.en),
    ]
    if failure.field:
        violation = error_details_pb2.BadRequest.FieldViolation(
            field=failure.field, description=failure.en
        )
        details.append(error_details_pb2.BadRequest(field_violations=[violation]))
    for detail in details:
        packed = AnyMessage()
        packed.Pack(detail)
        status.details.append(packed)
    return ((_DETAILS_KEY, status.SerializeToString()),)


_PLAIN = re.compile(r"[\x21-\x7e]*")


def plain_text(name: str, value: str, least: int, most: int) -> str:
    """An id from outside: printable ASCII without blanks, of bounded length."""
    if not least <= len(value) <= most or not _PLAIN.fullmatch(value):
        raise invalid_field(name, f"needs {least} to {most} printable ASCII characters")
    return value


def whole_number(name: str, value: int, least: int, most: int) -> int:
    """A number from outside within its bounds."""
    if not least <= value <= most:
        raise invalid_field(name, f"must be from {least} to {most}")
    return value
