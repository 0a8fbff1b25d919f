"""Run the notebooks in `docs/notebooks` and store what they show: ``python -m docs.notebook``.

Each runs in a folder of its own, which is removed. What would differ from one machine to another is left out: times, paths,
the version of Python. A test runs them with a small cohort.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.manager import AsyncKernelManager as KernelManager
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = tuple(sorted((ROOT / "docs" / "notebooks").glob("*.ipynb")))
TIMEOUT = 1800  # seconds for one cell
PARAMETERS = "parameters"  # tag of the cell whose values may be given


def executed(notebook: Path, folder: Path, given: Mapping[str, object] | None = None) -> Any:
    """A notebook with what it shows when it is run in a folder.

    Args:
        given: values for names of the cell with parameters, in place of its own.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell failed.
        ValueError: a value is given that is no parameter of the notebook.
    """
    found: Any = nbformat.read(notebook, as_version=4)
    for name, value in (given or {}).items():
        cell = next(cell for cell in found.cells if PARAMETERS in cell.metadata.get("tags", ()))
        if not re.search(rf"\b{name}\b", cell.source):
            raise ValueError(f"{name!r} is no parameter of {notebook.name}.")
        cell.source += f"\n{name} = {value!r}"
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    inline = "module://matplotlib_inline.backend_inline"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "MPLBACKEND": inline}
    with tempfile.TemporaryDirectory(prefix="allcue-") as place:  # over TCP anybody on the machine could listen
        kernel = KernelManager(kernel_name="python3", transport="ipc", ip=f"{place}/kernel")
        client = NotebookClient(found, km=kernel, timeout=TIMEOUT, resources={"metadata": {"path": str(folder)}})
        client.execute(env=environment)
    return found


def stored(notebook: Any) -> str:
    """A notebook as it is kept: without what only tells of the machine."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return f"{nbformat.writes(notebook).rstrip()}\n"


def main() -> None:
    """Run all and store them."""
    for notebook in NOTEBOOKS:
        with tempfile.TemporaryDirectory(prefix="allcue-notebook-") as folder:
            notebook.write_text(stored(executed(notebook, Path(folder))), encoding="utf-8")
        print(notebook.relative_to(ROOT))


if __name__ == "__main__":
    main()
