"""``python -m tests.support.armed_server``: choba-server, real but for its checkpoint."""

import sys

from server.__main__ import main
from tests.support.armed import trap

if __name__ == "__main__":
    sys.exit(main(checkpoint=trap()))
