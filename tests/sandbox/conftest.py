"""Where Playwright is not installed, the modules that drive a browser cannot be looked through for doctests."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore = [] if find_spec("playwright") else ["conversation.py", "driver.py"]
