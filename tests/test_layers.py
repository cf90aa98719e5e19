"""The layers: who may import whom, who prints, and what the help costs."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = {".".join(p.relative_to(ROOT).with_suffix("").parts): p
        for p in sorted((ROOT / "fasharness").rglob("*.py"))}  # fmt: skip
CORE = {name.removesuffix(".__init__"): path for name, path in CORE.items()}
PLUGINS = {p.parent.name: p.parent
           for p in sorted((ROOT / "plugins").glob("*/fasharness_*/__init__.py"))}  # fmt: skip
STANDARD = set(sys.stdlib_module_names)

# package or module: what it may import of ours (prefixes), and whether at run time only this
ALLOWED = {
    "fasharness.errors": (),
    "fasharness.common.paths": (),
    "fasharness.common.files": (),
    "fasharness.metrics": ("fasharness.metrics", "fasharness.errors"),
    "fasharness.ops": ("fasharness.ops",),
    "fasharness.nn": ("fasharness.nn", "fasharness.ops"),
    "fasharness.data": ("fasharness.errors",),
    "fasharness.common.records": ("fasharness.errors", "fasharness.common.files"),
    "fasharness.method": ("fasharness.data", "fasharness.errors"),
    "fasharness.scores": (
        "fasharness.errors",
        "fasharness.common.files",
        "fasharness.common.lines",
        "fasharness.common.spreadsheets",
    ),
    "fasharness.scorefiles": (
        "fasharness.scorefiles",
        "fasharness.scores",
        "fasharness.common",
        "fasharness.errors",
    ),
    # evaluation computes and report renders: no import back
    "fasharness.evaluation": (
        "fasharness.evaluation",
        "fasharness.metrics",
        "fasharness.scorefiles",
        "fasharness.scores",
        "fasharness.result",
        "fasharness.common",
        "fasharness.errors",
    ),
    "fasharness.report": (
        "fasharness.report",
        "fasharness.evaluation",
        "fasharness.metrics",
        "fasharness.scorefiles",
        "fasharness.scores",
        "fasharness.result",
        "fasharness.common",
        "fasharness.errors",
    ),
}
OUTSIDE = {
    "fasharness.metrics": {"numpy"},
    "fasharness.ops": {"torch", "numpy"},
    "fasharness.nn": {"torch", "numpy"},
    "fasharness.errors": set(),
    "fasharness.cli": {"yaml"},
    "fasharness.hookspecs": {"pluggy"},
}


def imports(path: Path, module: str = "") -> Iterator[tuple[str, bool]]:
    """Modules that a file imports, anywhere, and whether for type checking only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    guarded = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) in guarded
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            for alias in node.names:
                yield f"{node.module}.{alias.name}", id(node) in guarded


def ours(path: Path) -> set[str]:
    """What a file imports of the core at run time."""
    return {name for name, types in imports(path) if name.startswith("fasharness.") and not types}


def within(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def modules(layer: str) -> dict[str, Path]:
    return {name: path for name, path in CORE.items() if within(name, (layer,))}


def test_the_files_that_the_rules_speak_of_are_there():
    assert len(CORE) > 50
    assert set(PLUGINS) >= {"fasharness_sgtd"}
    for layer in {*ALLOWED, *OUTSIDE}:
        assert modules(layer), layer


@pytest.mark.parametrize("layer", ALLOWED)
def test_a_layer_imports_only_what_lies_below_it(layer: str):
    for name, path in modules(layer).items():
        wrong = {item for item in ours(path) if not within(item, ALLOWED[layer])}
        assert not wrong, f"{name} imports {wrong}"


@pytest.mark.parametrize("layer", OUTSIDE)
def test_a_layer_stands_on_few_other_packages(layer: str):
    for name, path in modules(layer).items():
        found = {item.split(".")[0] for item, types in imports(path) if not types}
        assert found - STANDARD - {"fasharness"} <= OUTSIDE[layer], name


def test_the_core_never_names_a_plugin():
    names = {package.removeprefix("fasharness_") for package in PLUGINS}
    for module, path in CORE.items():
        for item, _ in imports(path):
            assert not item.startswith("fasharness_"), f"{module} imports {item}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert node.value not in names, f"{module} names the plugin {node.value!r}"


@pytest.mark.parametrize("package", PLUGINS)
def test_a_plugin_imports_public_names_of_the_core_and_no_other_plugin(package: str):
    declared = (PLUGINS[package].parent / "pyproject.toml").read_text(encoding="utf-8")
    for path in PLUGINS[package].rglob("*.py"):
        for item, _ in imports(path):
            if item.startswith("fasharness."):
                assert not any(part.startswith("_") for part in item.split(".")), f"{path}: {item}"
            elif item.startswith("fasharness_") and not item.startswith(f"{package}."):
                # a method that builds on another's network declares it as a dependency
                assert item.split(".")[0].replace("_", "-") in declared, f"{path}: {item}"


@pytest.mark.parametrize("package", PLUGINS)
def test_a_plugin_is_found_without_importing_torch(package: str):
    code = f"import sys, {package}; sys.exit('torch' in sys.modules)"
    path = str(PLUGINS[package].parent)
    assert subprocess.run([sys.executable, "-c", f"import sys; sys.path.append({path!r}); {code}"],
                          check=False).returncode == 0  # fmt: skip


@pytest.mark.parametrize("module", [n for n in CORE if not n.startswith("fasharness.cli")])
def test_only_the_command_line_prints(module: str):
    tree = ast.parse(CORE[module].read_text(encoding="utf-8"))
    if ast.unparse(tree.body[-1]).startswith("if __name__ == '__main__'"):
        tree.body.pop()  # a module that is run as a program of its own
    for node in ast.walk(tree):
        called = isinstance(node, ast.Call) and ast.unparse(node.func)
        assert called not in ("print", "sys.stdout.write", "sys.stderr.write"), module


@pytest.mark.parametrize("module", CORE)
def test_every_file_opens_with_a_sentence_and_stays_short(module: str):
    text = CORE[module].read_text(encoding="utf-8")
    sentence = (ast.get_docstring(ast.parse(text)) or "").split("\n")[0]
    assert sentence.endswith("."), f"{module} opens with {sentence!r}"
    assert text.count("\n") <= 400, module


def loaded(*words: str) -> set[str]:
    """Modules that a command of the program has imported when it ends."""
    code = (
        "import sys\nfrom fasharness.cli import main\n"
        f"try:\n    main({list(words)!r})\nexcept SystemExit:\n    pass\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout
    return set(done.stderr.split())


@pytest.mark.parametrize("words", [("--help",), ("run", "--help"), ("--version",)])
def test_the_help_imports_nothing_heavy(words: tuple[str, ...]):
    found = loaded(*words)
    heavy = {"torch", "numpy", "cv2", "matplotlib", "pluggy", "yaml", "lightning_fabric", "PIL"}
    assert not heavy & found
    own = {n for n in found if n.startswith("fasharness.") and not n.startswith("fasharness.cli")}
    settings = {"fasharness.run.settings", "fasharness.common", "fasharness.common.files"}
    light = {"fasharness.errors", "fasharness.run"}
    assert own <= light | (settings if words[0] == "run" else set())


def test_listing_what_is_there_imports_no_torch():
    assert "torch" not in loaded("ls", "methods")
