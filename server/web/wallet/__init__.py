"""The customer's wallet in the browser: translates, authorises, calls the domains. No rules.

    app = create_wallet_app(desk=desk, signin=signin, clock=clock, settings=WalletSettings(...))

The app wants to be served at the root of its host (``/``, ``/Q/<token>``, ``/static/...``), on a
listener with TLS and, in the demo only, also on one without (``PlainHttp.DEMO``). It reads the
scheme from the ASGI scope, so behind uvicorn ``proxy_headers`` stays off.
"""

from server.web.wallet.app import create_wallet_app
from server.web.wallet.settings import PlainHttp, WalletSettings

__all__ = ["PlainHttp", "WalletSettings", "create_wallet_app"]
