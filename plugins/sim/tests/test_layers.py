"""The layers of the simulator: its packages depend in one direction, and few know a layout."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import fasharness_sim
from fasharness_sim.layouts import LAYOUTS

ROOT = Path(fasharness_sim.__file__).parent
# module or package: what it may import of the simulator besides itself
ALLOWED = {
    "fields": set(),
    "formats": set(),
    "optics": {"fields"},
    "people": {"fields", "optics"},
    "rooms": {"fields", "optics"},
    "capture": {"fields", "formats", "optics", "people", "rooms"},
    "layout": {"formats"},
    "users": set(),
    "studio": {"people", "capture", "layout"},
    "writing": {"formats", "capture", "layout", "studio"},
    "simulator": {"layout", "users", "writing"},
    "layouts": {"formats", "layout"},
    "preview": {"fields", "rooms", "capture", "layout", "users"},
    "validity": set(),
    "commands": {"layout", "layouts", "users", "simulator", "writing", "preview", "validity"},
    "__init__": {"layout", "layouts", "simulator", "commands"},
}
LAYOUT_FREE = ("fields", "formats", "optics", "people", "rooms", "capture", "validity")


def files(module: str) -> list[Path]:
    """The source of a module, or of all in a package."""
    folder = ROOT / module
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [ROOT / f"{module}.py"]


def imports(path: Path) -> Iterator[str]:
    """Dotted names that a file imports anywhere, for type checking too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def constants(path: Path) -> Iterator[str]:
    """Texts in a file's code."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_module_has_a_layer():
    there = {path.stem for path in ROOT.iterdir() if path.suffix == ".py"}
    there |= {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert there == set(ALLOWED)


@pytest.mark.parametrize("module", ALLOWED)
def test_a_module_imports_only_what_lies_below_it(module: str):
    for path in files(module):
        ours = (name.split(".") for name in imports(path) if name.startswith("fasharness_sim."))
        found = {parts[1] for parts in ours}
        assert found <= ALLOWED[module] | {module}, f"{path}: {found}"


@pytest.mark.parametrize("module", LAYOUT_FREE)
def test_what_is_simulated_and_judged_knows_no_layout(module: str):
    names = {name for layout in LAYOUTS.values() for name in (layout.dataset, *layout.protocols)}
    for path in files(module):
        assert not [name for name in imports(path) if name.startswith("fasharness.builtin")], path
        for text in constants(path):
            assert not [name for name in names if name in text], f"{path}: {text}"


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")))
def test_every_file_opens_with_a_sentence_and_stays_short(path: Path):
    text = path.read_text(encoding="utf-8")
    sentence = (ast.get_docstring(ast.parse(text)) or "").split("\n")[0]
    assert sentence.endswith("."), f"{path} opens with {sentence!r}"
    assert text.count("\n") <= 400, path
