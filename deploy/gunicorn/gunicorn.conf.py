"""gunicorn's configuration, for who runs gunicorn themselves: ``gunicorn -c gunicorn.conf.py service.wsgi:app``.

``allcue serve`` needs none of it: it has the same options, and tells bad settings and content in a sentence. The figures
behind the choices are in docs/deploy.md ("Which server"); a test compares this file with ``allcue serve``.
"""

import os
from pathlib import Path

from service.watch import folder

# Where it listens. ALLCUE_HOST counts for the service too: beyond loopback it refuses to start without registered clients
bind = f"{os.environ.get('ALLCUE_HOST') or '127.0.0.1'}:{os.environ.get('ALLCUE_PORT') or '8000'}"

# Answers are computing, and Python computes on one core a process: one worker a core that it may use, at least two, so that
# one that is ended for hanging is not all there is. 150 MB of memory each at most
workers = int(os.environ.get("WEB_CONCURRENCY") or max(2, len(os.sched_getaffinity(0))))

# gunicorn's threaded worker with limits to how long a client may hold a thread. The plain one waits for a slow body without
# end: as many such clients as there are threads, and nobody else is answered. The sync worker needs just one of them
worker_class = "service.commands.worker.Worker"

# Threads wait for FHIR servers, keys and the database; more of them only contend for the one core
threads = 4

# Content is read and checked once, before workers are made: they share its memory, and bad content stops the start.
# Needs no care for connections: those to the database are opened in the workers
preload_app = True

# Without a sign of life for so long a worker is killed. The service ends an answer after ALLCUE_TIME_LIMIT_S (10 s), so this
# meets only what hangs outside Python
timeout = 30

# At SIGTERM answers under way have this long. What stops the service must wait longer: 45 s in systemd and Kubernetes
graceful_timeout = 30

# An idle connection is kept for so long. Proxies of deploy/ keep none; another one must close its own sooner than this, or
# now and then a call meets a connection that is just being closed
keepalive = 2

# Connections that wait to be accepted: a burst while workers are busy, refused by the system beyond it
backlog = 2048

# Workers are not replaced after some requests: their memory is flat, and each replacement costs work done ahead and warm memory
max_requests = 0

# Signs of life are files: in memory, since on a slow disk a worker looks as if it hung
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108

# A code from an authorization server in the request line, a sealed session in the cookies (docs/smart.md)
limit_request_line = 8190
limit_request_field_size = 32_768

# Else a client of a proxy on this machine tells with SCRIPT_NAME what its path means
forwarder_headers = ""

# No socket through which others of this machine give orders
control_socket_disable = True

# The service has its own log, without patients; lines of access would double it. Errors go to standard error
accesslog = None
errorlog = "-"
proc_name = "allcue"

# gunicorn's own lines as the service's: JSON where nobody looks on (ALLCUE_LOG_FORMAT)
logger_class = "service.watch.server_log.ServerLog"

# Workers count into one folder, so that whichever is asked for /metrics tells of all. Here, since the library that counts
# looks for it when it is imported, and once: gunicorn reads this file again at SIGHUP, when the folder is in use
_NAMED = "_COUNTED_IN"  # which folder was named before; empty: none
if _NAMED not in os.environ:
    os.environ[_NAMED] = os.environ.get(folder.FOLDER, "")
    os.environ[folder.FOLDER] = str(folder.claim(os.environ))


def on_starting(server):
    """Before the first worker: the time a request may take to arrive is the service's setting."""
    from service.settings import Settings

    server.worker_class.request_s = Settings.from_env(os.environ).request_limit


def post_worker_init(worker):
    """In each worker: it counts from now on."""
    from service.wsgi import watch

    if watch is not None:
        watch.begin()


def worker_exit(server, worker):
    """In a worker that ends: what it has not counted yet."""
    from service.wsgi import watch

    if watch is not None:
        watch.fold()


def child_exit(server, worker):
    """After it: its file is put to those of the others that ended."""
    folder.ended(Path(os.environ[folder.FOLDER]), worker.pid)


def on_exit(server):
    """At the very end: the folder goes with the service, unless it was named."""
    folder.release(Path(os.environ[folder.FOLDER]), {folder.FOLDER: os.environ[_NAMED]})


def on_reload(server):
    """SIGHUP: content, clients and secrets anew, for the workers that are made next. What is bad is told in the log, and they
    serve what was served before."""
    from service.app import create_app
    from service.commands.serve import anew
    from service.settings import Settings
    from service.wsgi import watch

    found = anew(lambda: create_app(Settings.from_env(os.environ), watch=watch))
    if found is not None:
        server.app.callable = found
    if watch is not None:
        watch.reloaded(good=found is not None)
