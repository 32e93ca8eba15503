"""The wallet as a process of its own: a real web server with TLS, which a test may kill.

    python -m tests.support.wallet_server FOLDER PORT CLOCK_OFFSET_US HOST

FOLDER holds ``choba.db`` of a town, ``tls.pem`` and, where the process is to die at a checkpoint
once, a file ``die-at`` naming it, or to be slow before a commit, a file ``slow-at``.
"""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import uvicorn

from protos.units import Micros
from server.checkpoints import Checkpoint
from server.clock import system_clock
from server.db import open_database
from server.directory import Keyring
from server.directory.signin import SignIn
from server.directory.sms import FileSmsGateway
from server.ledger import process_clock
from server.payments import DeskSettings, PaymentDesk
from server.web.wallet import WalletSettings, create_wallet_app
from tests.support.books import MASTER
from tests.support.wallet import SECRET


async def main(folder: Path, port: int, offset: int, host: str) -> None:
    def clock() -> Micros:
        return Micros(system_clock() + offset)

    def checkpoint(name: Checkpoint) -> None:
        die, slow = folder / "die-at", folder / "slow-at"
        if die.exists() and die.read_text() == name.value:
            die.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        if slow.exists() and slow.read_text() == name.value:
            slow.unlink()
            time.sleep(2.5)

    database = open_database(f"sqlite:///{folder}/choba.db")
    gateway = FileSmsGateway(folder / "sms.jsonl")
    signin = SignIn(database=database, gateway=gateway, secret=SECRET, clock=clock)
    desk = PaymentDesk(
        database=database,
        keyring=Keyring(MASTER),
        clock=clock,
        settings=DeskSettings(own_hosts=frozenset({host})),
        ledger_clock=process_clock(clock),
        checkpoint=checkpoint,
    )
    async with desk:
        app = create_wallet_app(
            desk=desk,
            signin=signin,
            clock=clock,
            settings=WalletSettings(secret=SECRET, qr_hosts=frozenset({host})),
        )
        config = uvicorn.Config(
            app,
            host="127.0.0.1",
            port=port,
            ssl_certfile=str(folder / "tls.pem"),
            log_level="warning",
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        await uvicorn.Server(config).serve()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
