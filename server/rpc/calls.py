"""What surrounds every call: who calls, how long it may take, how it fails, what is logged.

Authentication happens here, before a servicer is reached; a method that no rule names is refused.
The principal stands in a context variable of the call's own task.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

import grpc
from grpc import aio

from protos.operation.logs import say
from server.db import LedgerOverloaded, LedgerUnavailable
from server.directory.signin_refusals import SignInReason, SignInRefused
from server.fleet import FleetRefused
from server.refusal import Refusal
from server.rpc.errors import (
    DEADLINE,
    INTERNAL,
    UNAVAILABLE_EN,
    UNAVAILABLE_JA,
    CallError,
    CallFailure,
    trailing_metadata,
)
from server.rpc.refusals import fleet_failure, refusal_failure

log = logging.getLogger(__name__)

_OURS = "/choba."
LONGEST_CALL_SECONDS = 30.0
"""Our own bound for a call without a stream, whatever the caller allows."""

if TYPE_CHECKING:  # generic in the stubs only
    Context = aio.ServicerContext[Any, Any]
    Interceptor = aio.ServerInterceptor[Any, Any]
else:
    Context = aio.ServicerContext
    Interceptor = aio.ServerInterceptor


class Guard(Protocol):
    """Finds out who calls. Raises CallError or FleetRefused when it may not."""

    async def __call__(self, method: str, context: Context) -> object:
        """The principal; None where anybody may call."""
        ...


_principal: ContextVar[object] = ContextVar("choba_principal")


def principal(kind: type[Any]) -> Any:
    """Who makes the call that runs now, as its guard has found; of the kind expected."""
    value = _principal.get()
    if not isinstance(value, kind):
        raise TypeError(f"this call's guard gives no {kind.__name__}")
    return value


class Calls(Interceptor):
    """The interceptor of one listener."""

    def __init__(self, guards: Mapping[str, Guard]) -> None:
        """``guards``: by the prefix of a method's full name, e.g. ``/choba.v1.WalletService/``."""
        self._guards = guards
        self._wrapped: dict[str, Any] = {}

    async def intercept_service(
        self,
        continuation: Callable[[Any], Awaitable[Any]],
        handler_call_details: Any,
    ) -> Any:
        """Wraps each handler, once; a method without a guard is not there."""
        method: str = handler_call_details.method
        known = self._wrapped.get(method)
        if known is None:
            known = self._wrap(await continuation(handler_call_details), method)
            if known is not None:  # names that are no methods come without end
                self._wrapped[method] = known
        return known

    def _wrap(self, handler: Any, method: str) -> Any:
        guard = next((g for name, g in self._guards.items() if method.startswith(name)), None)
        if handler is None or guard is None:
            return None
        wrapped = handler._replace()
        if handler.unary_unary is not None:
            return wrapped._replace(unary_unary=_unary(method, guard, handler.unary_unary))
        if handler.unary_stream is not None:
            return wrapped._replace(unary_stream=_stream(method, guard, handler.unary_stream))
        if handler.stream_stream is not None and method.startswith(_OURS):
            return wrapped._replace(stream_stream=_stream(method, guard, handler.stream_stream))
        return handler if handler.stream_stream is not None else None  # reflection, for anybody


def _unary(method: str, guard: Guard, behaviour: Callable[..., Awaitable[Any]]) -> Any:
    async def call(request: Any, context: Context) -> Any:
        started = time.monotonic()
        try:
            async with asyncio.timeout(LONGEST_CALL_SECONDS):
                _principal.set(await guard(method, context))
                return await behaviour(request, context)
        except Exception as error:  # every end of a call is told by the same few lines
            await _fail(method, context, error, started)

    return call


def _stream(method: str, guard: Guard, behaviour: Callable[..., AsyncIterator[Any]]) -> Any:
    async def call(request: Any, context: Context) -> AsyncIterator[Any]:
        started = time.monotonic()
        try:
            _principal.set(await guard(method, context))
            async for message in behaviour(request, context):
                yield message
        except Exception as error:
            await _fail(method, context, error, started)

    return call


async def _fail(method: str, context: Context, error: Exception, started: float) -> None:
    if isinstance(error, aio.AbortError):
        raise error
    failure = _failure_of(error)
    unexpected = failure is INTERNAL
    say(
        log,
        logging.ERROR if unexpected else logging.INFO,
        "call failed",
        method=method,
        reason=failure.reason,
        status=failure.status.name,
        field=failure.field,
        milliseconds=round((time.monotonic() - started) * 1000),
        error=error if unexpected else None,
    )
    await context.abort(failure.status, failure.ja, trailing_metadata(failure))


def _failure_of(error: Exception) -> CallFailure:
    match error:
        case CallError():
            failure = error.failure
        case FleetRefused():
            failure = fleet_failure(error)
        case SignInRefused():
            failure = _sign_in_failure(error)
        case Refusal():
            failure = refusal_failure(error)
        case LedgerUnavailable():
            status = grpc.StatusCode.UNAVAILABLE
            if isinstance(error, LedgerOverloaded):
                status = grpc.StatusCode.RESOURCE_EXHAUSTED
            failure = CallFailure(status, error.code, UNAVAILABLE_JA, UNAVAILABLE_EN)
        case TimeoutError():
            failure = DEADLINE
        case _:
            failure = INTERNAL
    return failure


def _sign_in_failure(refused: SignInRefused) -> CallFailure:
    status = {
        SignInReason.TOO_MANY: grpc.StatusCode.RESOURCE_EXHAUSTED,
        SignInReason.SMS_DOWN: grpc.StatusCode.UNAVAILABLE,
        SignInReason.CODE_WRONG: grpc.StatusCode.UNAUTHENTICATED,
        SignInReason.CODE_OVER: grpc.StatusCode.UNAUTHENTICATED,
    }.get(refused.reason, grpc.StatusCode.INVALID_ARGUMENT)
    name = "phone" if "PHONE" in refused.reason.name else "code"
    return CallFailure(status, refused.reason.value, refused.ja, refused.en, name)
