"""One process that draws pages; see ``worker``."""

import sys

from server.settlement.paper.worker import serve

if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
