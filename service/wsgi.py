"""For WSGI servers: ``gunicorn service.wsgi:app``, configured by ALLCUE_* variables."""

from __future__ import annotations

import os

from service.collector import few_pools, paused, settle

few_pools()
with paused():
    from service.app import create_app, tell_of_store
    from service.settings import Settings
    from service.watch.logs import log_to_stderr
    from service.watch.opening import open_watch

    _settings = Settings.from_env(os.environ)
    log_to_stderr(_settings.log_format, _settings.log_level)
    watch = open_watch(_settings)
    app = create_app(_settings, watch=watch)
    tell_of_store(_settings)
    settle()  # also before workers are made, where the server loads the application first (--preload)
