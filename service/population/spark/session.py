"""A Spark that works quietly: its temporary files in one folder, its log in a file, nothing left behind."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import service

T = TypeVar("T")
_LOG = "spark.log"
_OF_AN_ERROR = re.compile(r"[\w.$]*(Error|Exception)|service(\.\w+)+")
_LOG4J = """\
rootLogger.level = error
rootLogger.appenderRef.stderr.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n
"""


class NoSpark(RuntimeError):
    """PySpark or Java is missing; the message says what to install."""


class SparkFailed(RuntimeError):
    """Spark gave up; what was done is kept."""


def pyspark() -> Any:
    """The library.

    Raises:
        NoSpark: it is not installed, or there is no Java for it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pyspark as found
    except ImportError:
        raise NoSpark(
            "Spark needs PySpark, which is not installed. Run: pip install 'allcue[population,spark]'"
        ) from None
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java") is None and not (home and (Path(home) / "bin" / "java").exists()):
        raise NoSpark("Spark needs Java 17 or newer. Allowed: java on the PATH, or JAVA_HOME")
    return found


@contextmanager
def context(master: str, settings: Mapping[str, str], work: Path) -> Iterator[Any]:
    """A SparkContext until the block ends.

    Args:
        settings: of Spark, in place of ours.
        work: an own folder for temporary files, made here.

    Raises:
        NoSpark: as `pyspark`. SparkFailed: it did not start.
    """
    found = pyspark()
    work.mkdir(parents=True, exist_ok=True)
    (work / "log4j2.properties").write_text(_LOG4J, encoding="utf-8")
    conf = found.SparkConf()
    for key, value in {**_ours(master, work), **settings}.items():
        conf.set(key, value)
    started, broken, before = None, False, signal.getsignal(signal.SIGINT)
    try:
        with _python(master), _errors_to(work / _LOG):
            started = found.SparkContext(conf=conf)
        signal.signal(signal.SIGINT, before)  # Spark's own would talk to Java in the middle of a talk
        yield started
    except KeyboardInterrupt:
        broken = True  # perhaps in the middle of a talk with Java, which then cannot be asked to stop
        raise
    except Exception as error:
        if isinstance(error, NoSpark | SparkFailed) or not type(error).__module__.startswith(("py4j", "pyspark")):
            raise
        raise SparkFailed(f"Spark gave up ({_kind(error)}); its log is {work / _LOG}. What is done is kept") from None
    finally:
        signal.signal(signal.SIGINT, before)
        if started is not None and not broken:
            with suppress(Exception):
                started.stop()
        _end_java(found, broken)


def interruptible(spark: Any, work: Callable[[], T]) -> T:
    """Do something on Spark so that Ctrl-C ends it: it comes while nobody talks with Java, and jobs are cancelled."""
    with ThreadPoolExecutor(1, thread_name_prefix="spark") as pool:
        running = pool.submit(work)
        try:
            return running.result()
        except KeyboardInterrupt:
            while not running.done():
                with suppress(Exception):
                    spark.cancelAllJobs()
                wait((running,), timeout=0.5)
            raise


def _end_java(found: Any, at_once: bool) -> None:
    """The Java process would live as long as this one, with temporary folders that are no more."""
    gateway = found.SparkContext._gateway
    found.SparkContext._gateway = found.SparkContext._jvm = found.SparkContext._active_spark_context = None
    if gateway is None:
        return
    with suppress(Exception):
        if at_once:
            gateway.proc.terminate()
        else:
            gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait(30)


def _ours(master: str, work: Path) -> dict[str, str]:
    java = f"-Djava.io.tmpdir={work} -Dlog4j2.configurationFile={(work / 'log4j2.properties').absolute().as_uri()}"
    return {
        "spark.master": master,
        "spark.app.name": "allcue population",
        "spark.local.dir": str(work.absolute()),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.extraJavaOptions": java,
        "spark.speculation": "false",  # two tasks on one partition would write the same file
        "spark.serializer.objectStreamReset": "100",
        **({"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"} if master.startswith("local") else {}),
    }  # fmt: skip


@contextmanager
def _python(master: str) -> Iterator[None]:
    """Processes of Spark on this machine are of this Python, and find this package also where it runs from a checkout."""
    own = str(Path(service.__file__).resolve().parents[1])
    wanted = {"PYTHONPATH": os.pathsep.join(filter(None, [own, os.environ.get("PYTHONPATH")]))}
    if master.startswith("local"):
        wanted["PYSPARK_PYTHON"] = os.environ.get("PYSPARK_PYTHON", sys.executable)
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


@contextmanager
def _errors_to(log: Path) -> Iterator[None]:
    """What is started in the block writes its errors to a file; Java says much when it starts."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with log.open("ab") as stream:
            os.dup2(stream.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _kind(error: Exception) -> str:
    """The kinds of the errors beneath, without their words, which may quote a record."""
    names = [type(error).__name__]
    java = getattr(error, "java_exception", None)
    if java is not None:
        for line in str(java).splitlines():
            word = line.strip().partition(":")[0]
            if _OF_AN_ERROR.fullmatch(word):
                names.append(word.rpartition(".")[2])
    return ", ".join(dict.fromkeys(names))
