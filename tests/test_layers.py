"""Imports point downward, the pure layers touch nothing outside, and the README's promises about the tree hold."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SERVICE = ROOT / "service"
# From the top down: a module may import its own layer and those to the right of it.
LAYERS = (
    ("cli", "commands", "wsgi"),
    (
        "app",
        "wiring",
        "occasion",
        "ahead",
        "bundles",
        "callers",
        "companion",
        "given",
        "inside",
        "kept",
        "launches",
        "memory",
        "moments",
        "sharing",
        "trial",
        "watch",
        "web",
    ),
    ("conformance",),
    ("settings", "variables", "services"),
    ("hooks",),
    ("smart",),
    ("listing",),
    ("book", "exchange"),
    ("store",),
    ("population",),
    ("content", "validation"),
    ("addresses", "cells", "compiled", "apart", "collector", "contentfiles", "versions"),
    ("advice",),
    ("rules",),
    ("facts",),
    ("record",),
)
PURE = ("advice", "rules", "facts", "record")
IMPURE_MODULES = frozenset(
    [
        "os",
        "sys",
        "io",
        "pathlib",
        "time",
        "random",
        "secrets",
        "socket",
        "subprocess",
        "logging",
        "threading",
        "multiprocessing",
        "requests",
        "flask",
        "tempfile",
        "shutil",
        "urllib",
        "http",
        "asyncio",
        "importlib",
    ]
)
IMPURE_CALLS = frozenset({"open", "print", "input", "today", "now", "utcnow", "getenv"})


def layer_of(module: str) -> int | None:
    parts = module.split(".")
    if parts[0] != "service" or len(parts) < 2:
        return None
    return next(i for i, names in enumerate(LAYERS) if parts[1] in names)


def modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (SERVICE / folder).rglob("*.py"))


def imports(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            base = node.module or ""
            if base == "pathlib" and all(alias.name.startswith("Pure") for alias in node.names):
                continue  # pure paths do no I/O
            found += [base, *(f"{base}.{alias.name}" for alias in node.names)] if base == "service" else [base]
    return found


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def test_every_module_has_a_layer() -> None:
    assert all(
        layer_of(name_of(path)) is not None
        for path in modules(".")
        if path.parent != SERVICE or path.stem != "__init__"
    )


@pytest.mark.parametrize("path", modules("."), ids=name_of)
def test_imports_point_downward(path: Path) -> None:
    own = layer_of(name_of(path))
    if own is None:
        return
    for name in imports(path):
        other = layer_of(name) if name != "service.__version__" else None
        assert other is None or other >= own, f"{name_of(path)} imports {name}, which lies above it"


@pytest.mark.parametrize("path", modules(*PURE), ids=name_of)
def test_pure_layers_have_no_way_out(path: Path) -> None:
    bad = {name for name in imports(path) if name.split(".")[0] in IMPURE_MODULES}
    assert not bad, f"{name_of(path)} imports {bad}"
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            assert called not in IMPURE_CALLS, f"{name_of(path)}:{node.lineno} calls {called}()"
        assert not isinstance(node, ast.Global), f"{name_of(path)}:{node.lineno} changes a global"


@pytest.mark.parametrize("path", sorted(ROOT.glob("service/**/*.py")), ids=name_of)
def test_files_stay_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400
