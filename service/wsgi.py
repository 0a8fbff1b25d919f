"""For WSGI servers: ``gunicorn service.wsgi:app``, configured by ALLCUE_* variables."""

from __future__ import annotations

import os

from service.app import create_app, log_to_stderr
from service.settings import Settings

log_to_stderr()
app = create_app(Settings.from_env(os.environ))
