"""gunicorn's own lines in the form of the service's: ``gunicorn --logger-class service.watch.server_log.ServerLog``."""

from __future__ import annotations

import os
from typing import Any

from gunicorn.glogging import Logger

from service.settings import LOG_FORMATS
from service.watch.logs import formatter


class ServerLog(Logger):  # type: ignore[misc] # gunicorn has no type hints
    """As gunicorn's, with lines as ``ALLCUE_LOG_FORMAT`` says."""

    def setup(self, cfg: Any) -> None:
        """Put gunicorn's handlers in place, which write as ours do."""
        super().setup(cfg)
        wanted = os.environ.get("ALLCUE_LOG_FORMAT", "").strip()
        for logger in (self.error_log, self.access_log):
            for handler in logger.handlers:
                handler.setFormatter(formatter(wanted if wanted in LOG_FORMATS else None))
