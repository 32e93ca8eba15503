"""MQTT topics. A terminal's name in a topic is its id, which is also its certificate's CN."""

from protos.units import TerminalId

PREFIX = "choba/v1"


def payments(terminal: TerminalId) -> str:
    """Server to device, QoS 1, persistent session: signed payments."""
    return f"{PREFIX}/terminals/{terminal}/payments"


def claims(terminal: TerminalId) -> str:
    """Server to device, QoS 0: a phone holds a sale or let it go."""
    return f"{PREFIX}/terminals/{terminal}/claims"


def config(terminal: TerminalId) -> str:
    """Server to device: a hint that a newer configuration is there to fetch."""
    return f"{PREFIX}/terminals/{terminal}/config"


def status(terminal: TerminalId) -> str:
    """Device to server, retained, with a last will."""
    return f"{PREFIX}/terminals/{terminal}/status"


def events(terminal: TerminalId) -> str:
    """Device to server."""
    return f"{PREFIX}/terminals/{terminal}/events"


def shop_payments(shop_id: str) -> str:
    """Server to a shop's own displays."""
    return f"{PREFIX}/shops/{shop_id}/payments"


def acl_lines(server_user: str) -> tuple[str, ...]:
    """mosquitto's access rules: a device reads and writes its own topics, the server all.

    ``%u`` is the certificate's CN (use_identity_as_username).
    """
    own = f"{PREFIX}/terminals/%u"
    return (
        f"user {server_user}",
        f"topic readwrite {PREFIX}/#",
        "",
        f"pattern read {own}/payments",
        f"pattern read {own}/claims",
        f"pattern read {own}/config",
        f"pattern write {own}/status",
        f"pattern write {own}/events",
    )
