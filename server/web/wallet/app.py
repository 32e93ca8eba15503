"""Puts the wallet's pages together."""

from starlette.applications import Starlette

from server.clock import Clock
from server.directory.signin import SignIn
from server.payments import PaymentDesk
from server.web.wallet.settings import WalletSettings


def create_wallet_app(
    *, desk: PaymentDesk, signin: SignIn, clock: Clock, settings: WalletSettings
) -> Starlette:
    """The wallet as an ASGI app. ``desk`` must be running (inside its ``async with``)."""
    raise NotImplementedError
