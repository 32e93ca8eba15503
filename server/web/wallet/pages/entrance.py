"""Sign in and out: number, code, session; the language switch."""

from starlette.responses import Response

from server.directory.phones import masked
from server.directory.signin import Challenge, ChallengeId, SessionToken, SignInRefused
from server.web.wallet.security import DAY_S
from server.web.wallet.visit import CHALLENGE, LANGUAGE, SESSION, Visit
from server.web.wallet.words import Lang

_SECOND = 1_000_000
_CHALLENGE_S = 900


async def phone(visit: Visit) -> Response:
    """The page that asks for the number."""
    if visit.user is not None:
        return visit.go("/")
    return _phone_page(visit)


async def send_code(visit: Visit) -> Response:
    """POST: send a code to the number."""
    typed = visit.form.get("phone", "")
    try:
        challenge = await visit.house.signin.ask(typed, _client(visit))
    except SignInRefused as refused:
        return _phone_page(visit, typed, refused)
    visit.cookies.set(CHALLENGE, challenge.id, _CHALLENGE_S)
    return visit.go("/signin/code")


async def code(visit: Visit) -> Response:
    """The page that asks for the code."""
    challenge = await _challenge(visit)
    return _code_page(visit, challenge) if challenge else visit.go("/signin")


async def enter_code(visit: Visit) -> Response:
    """POST: check the code; back to the sale that was scanned before, if any."""
    challenge = await _challenge(visit)
    if challenge is None:
        return visit.go("/signin")
    typed = visit.form.get("code", "")
    try:
        session = await visit.house.signin.enter(challenge.id, typed)
    except SignInRefused as refused:
        still_open = await _challenge(visit)
        return (
            _code_page(visit, still_open, typed, refused)
            if still_open
            else _phone_page(visit, "", refused)
        )
    visit.begin(session)
    visit.cookies.drop(CHALLENGE)
    checkout = visit.checkout()
    return visit.go("/pay" if checkout and checkout.expires_at > visit.now else "/")


async def resend_code(visit: Visit) -> Response:
    """POST: the same code once more."""
    challenge = await _challenge(visit)
    if challenge is None:
        return visit.go("/signin")
    try:
        await visit.house.signin.resend(challenge.id, _client(visit))
    except SignInRefused as refused:
        return _code_page(visit, challenge, "", refused)
    return visit.go("/signin/code")


async def sign_out(visit: Visit) -> Response:
    """POST: end the session here."""
    token = visit.cookies.get(SESSION)
    if token:
        await visit.house.signin.end(SessionToken(token))
        visit.cookies.drop(SESSION)
    return visit.go("/signin")


async def switch_language(visit: Visit) -> Response:
    """POST: the reader's language, back to the same page."""
    chosen = Lang.EN if visit.form.get("lang") == Lang.EN else Lang.JA
    visit.cookies.set(LANGUAGE, chosen.value, 400 * DAY_S)
    back = visit.form.get("back", "/")
    ours = back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable()
    return visit.go(back if ours else "/")


def _client(visit: Visit) -> str:
    return visit.request.client.host if visit.request.client else ""


async def _challenge(visit: Visit) -> Challenge | None:
    challenge_id = visit.cookies.get(CHALLENGE)
    return await visit.house.signin.challenge(ChallengeId(challenge_id)) if challenge_id else None


def _phone_page(visit: Visit, typed: str = "", refused: SignInRefused | None = None) -> Response:
    checkout = visit.checkout()
    waiting = checkout is not None and checkout.expires_at > visit.now
    return visit.page(
        "signin.html",
        status=422 if refused else 200,
        typed=typed[:40],
        error=_sentence(visit, refused),
        shop=checkout.shop(visit.lang) if checkout and waiting else "",
    )


def _code_page(
    visit: Visit, challenge: Challenge, typed: str = "", refused: SignInRefused | None = None
) -> Response:
    return visit.page(
        "signin_code.html",
        status=422 if refused else 200,
        phone=masked(challenge.phone),
        typed=typed[:12],
        error=_sentence(visit, refused),
        minutes_left=max(1, -(-(challenge.expires_at - visit.now) // (60 * _SECOND))),
        may_resend=challenge.may_resend,
        resend_in=max(0, -(-(challenge.resend_at - visit.now) // _SECOND)),
    )


def _sentence(visit: Visit, refused: SignInRefused | None) -> str:
    if refused is None:
        return ""
    return refused.ja if visit.lang is Lang.JA else refused.en
