"""For WSGI servers: ``gunicorn service.wsgi:app``, configured by ALLCUE_* variables."""

from __future__ import annotations

import os

from service.app import create_app, log_to_stderr, tell_of_store
from service.settings import Settings

log_to_stderr()
_settings = Settings.from_env(os.environ)
app = create_app(_settings)
tell_of_store(_settings)
