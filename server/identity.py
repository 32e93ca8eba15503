"""What the server itself shows to others: a key with its chain, and its name at the broker."""

from dataclasses import dataclass

from protos.operation.redaction import Secret

SERVER_USER = "choba-server"
"""Common name of the server's own client certificate; no terminal may have it as its id."""


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """Key and chain that a listener or a client shows; the chain ends with the authority."""

    key_pem: Secret[bytes]
    chain_pem: bytes
