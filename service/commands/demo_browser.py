"""Opens the demo page once it is served: ``python -m service.commands.demo_browser HOST PORT ADDRESS``."""

from __future__ import annotations

import sys

from service.commands.demo import open_when_up

if __name__ == "__main__":
    open_when_up(sys.argv[1], int(sys.argv[2]), sys.argv[3])
