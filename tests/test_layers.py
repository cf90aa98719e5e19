"""The layers: who may import whom, who prints, and what the help costs."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = {".".join(p.relative_to(ROOT).with_suffix("").parts): p
        for p in sorted((ROOT / "fasharness").rglob("*.py"))}  # fmt: skip
CORE = {name.removesuffix(".__init__"): path for name, path in CORE.items()}
PLUGINS = {p.parent.name: p.parent
           for p in sorted((ROOT / "plugins").glob("*/fasharness_*/__init__.py"))}  # fmt: skip
STANDARD = set(sys.stdlib_module_names)

# Every room of the core (a module at the top, or a package) and the rooms that it may import from,
# for types too. What is not here is refused, and what is here is used.
EDGES: dict[str, set[str]] = {
    "errors": set(),
    "common": {"errors"},
    # the contract: what data sets, methods and plugins are made of
    "data": {"common"},
    "clips": {"data"},
    "protocol": {"common", "data", "errors"},
    "faces": {"errors"},
    "weights": {"common"},
    "scores": {"common", "errors"},
    "counts": set(),
    "result": {"common", "counts", "errors"},
    "dataset": {"common", "data", "errors", "faces", "metric", "protocol", "scores"},
    # metrics: the EER, by which weights are chosen if a method has nothing of its own
    "method": {"clips", "common", "data", "errors", "metrics"},
    "fitted": {"clips", "data", "method"},
    "generator": {"clips", "data", "method"},
    "metric": set(),
    "hookspecs": {"dataset", "faces", "method", "metric", "result", "scores", "weights"},
    "plugins": {"common", "dataset", "errors", "hookspecs", "method"},
    # numbers: they know nothing of videos
    "metrics": set(),
    "scorefiles": {"common", "errors", "scores"},
    "evaluation": {
        "common", "counts", "errors", "metric", "metrics", "result", "scorefiles", "scores",
    },
    "report": {
        "common", "counts", "errors", "evaluation", "metrics", "result", "scorefiles", "scores",
    },
    # networks: operators know nothing of faces
    "ops": set(),
    "nn": {"ops"},
    # from videos to scores
    "prepare": {"clips", "common", "data", "dataset", "errors", "faces", "plugins", "weights"},
    # data sets in their released layout: tables and what is common to them
    "released": {"common", "data", "dataset", "errors", "faces", "prepare", "protocol"},
    # result: a model file carries the threshold of its run
    "engine": {
        "clips", "common", "data", "errors", "faces", "fitted", "method", "prepare", "result",
    },
    "builtin": {
        "clips", "common", "data", "dataset", "errors", "faces", "hookspecs", "method", "metric",
        "prepare", "protocol", "released", "scorefiles", "scores", "weights",
    },
    "run": {
        "builtin", "clips", "common", "data", "dataset", "engine", "errors", "evaluation", "faces",
        "fitted", "generator", "method", "ops", "plugins", "prepare", "protocol", "report",
        "result", "scores",
    },
    # the ways in
    "fasharness": {
        "common", "errors",
        "evaluation", "plugins", "report", "result", "run", "scorefiles", "scores",
    },
    "cli": {
        "builtin", "common", "dataset", "engine", "errors", "evaluation", "fasharness", "metric",
        "plugins", "prepare", "protocol", "released", "report", "result", "run", "scorefiles",
        "scores", "weights",
    },
    "__main__": {"cli"},
    "testing": {"cli"},
}  # fmt: skip
# what a plugin of this repository imports of the core
PLUGIN_EDGES: dict[str, set[str]] = {
    "fasharness_baselines": {
        "cli",
        "clips",
        "common",
        "data",
        "engine",
        "errors",
        "faces",
        "fitted",
        "hookspecs",
        "method",
        "plugins",
        "prepare",
        "weights",
    },
    "fasharness_cdcn": {"clips", "common", "data", "hookspecs", "method", "nn", "ops"},
    "fasharness_dsdg": {
        "clips",
        "common",
        "data",
        "engine",
        "errors",
        "generator",
        "hookspecs",
        "method",
        "weights",
    },
    "fasharness_dum": {
        "cli",
        "clips",
        "common",
        "data",
        "engine",
        "errors",
        "hookspecs",
        "method",
        "ops",
    },
    "fasharness_lgsc": {"clips", "common", "data", "engine", "hookspecs", "method", "weights"},
    "fasharness_sgtd": {
        "cli",
        "clips",
        "common",
        "data",
        "engine",
        "errors",
        "hookspecs",
        "method",
        "nn",
        "ops",
    },
    "fasharness_sim": {
        "builtin",
        "cli",
        "common",
        "data",
        "dataset",
        "errors",
        "evaluation",
        "faces",
        "hookspecs",
        "metrics",
        "plugins",
        "prepare",
        "protocol",
        "report",
        "result",
        "scores",
    },
}
# inside common, what everything stands on stands on little itself
SMALL = {
    "fasharness.common.paths": ("fasharness.errors",),
    "fasharness.common.files": (),
    "fasharness.common.records": (
        "fasharness.common.files",
        "fasharness.common.formats",
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


def room(module: str) -> str:
    """The room of a module of the core."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


def rooms(path: Path) -> set[str]:
    """The rooms that a file imports from, for types too."""
    found = set()
    for name, _ in imports(path):
        if name == "fasharness" or name.startswith("fasharness."):
            known = name if name in CORE else name.rpartition(".")[0]
            found.add(room(known))
    return found


def edges() -> dict[str, set[str]]:
    """The rooms of the core, and from which others each really imports."""
    found: dict[str, set[str]] = {room(name): set() for name in CORE}
    for name, path in CORE.items():
        found[room(name)] |= rooms(path) - {room(name)}
    return found


def test_the_files_that_the_rules_speak_of_are_there():
    assert len(CORE) > 50
    assert set(PLUGINS) == set(PLUGIN_EDGES)
    for layer in {*SMALL, *OUTSIDE}:
        assert modules(layer), layer


def test_every_room_stands_in_the_list_and_nothing_else_lies_at_the_top():
    assert set(edges()) == set(EDGES)
    top = {name for name in CORE if name.count(".") == 1 and CORE[name].stem != "__init__"}
    contract = "errors counts data clips protocol faces weights dataset method fitted generator "
    contract += "metric hookspecs plugins scores result testing __main__"
    assert top == {f"fasharness.{name}" for name in contract.split()}


@pytest.mark.parametrize("name", EDGES)
def test_a_room_imports_from_the_rooms_that_it_may_and_needs_them_all(name: str):
    assert edges()[name] == EDGES[name]


def test_no_rooms_and_no_modules_import_each_other_in_a_circle():
    list(TopologicalSorter(EDGES).static_order())
    found = {}
    for name, path in CORE.items():
        every = (item for item, _ in imports(path) if within(item, ("fasharness",)))
        known = {item if item in CORE else item.rpartition(".")[0] for item in every}
        found[name] = known - {name, "fasharness"}  # the face imports everything, but late
    assert len(found) > 100
    list(TopologicalSorter(found).static_order())


@pytest.mark.parametrize("package", PLUGIN_EDGES)
def test_a_plugin_imports_from_the_rooms_that_it_may_and_needs_them_all(package: str):
    found = set().union(*map(rooms, PLUGINS[package].rglob("*.py")))
    assert found == PLUGIN_EDGES[package]


@pytest.mark.parametrize("layer", SMALL)
def test_what_everything_stands_on_stands_on_little(layer: str):
    for name, path in modules(layer).items():
        wrong = {item for item in ours(path) if not within(item, SMALL[layer])}
        assert not wrong, f"{name} imports {wrong}"


def reduced(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """The graph without the edges that a longer way says already."""

    def reach(start: str) -> set[str]:
        return graph[start].union(*(reach(name) for name in graph[start]))

    return {
        name: {one for one in ends if not any(one in reach(other) for other in ends - {one})}
        for name, ends in graph.items()
    }


def drawn() -> str:
    """The rooms and what each stands on, as a Mermaid picture; ways that others imply left out."""
    found = {name: ends for name, ends in EDGES.items() if name not in ("__main__", "testing")}
    arrows = [f"  {a} --> {b}" for a, ends in sorted(reduced(found).items()) for b in sorted(ends)]
    return "\n".join(["```mermaid", "graph TD", *arrows, "```"])


def test_the_picture_in_the_documentation_is_the_import_graph():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert drawn() in text, f"docs/architecture.md needs this picture:\n{drawn()}"


@pytest.mark.parametrize("layer", OUTSIDE)
def test_a_layer_stands_on_few_other_packages(layer: str):
    for name, path in modules(layer).items():
        found = {item.split(".")[0] for item, types in imports(path) if not types}
        assert found - STANDARD - {"fasharness"} <= OUTSIDE[layer], name


def test_the_core_never_names_a_plugin():
    # The core has a word "baselines" too: its scorers that know nothing of faces.
    names = {package.removeprefix("fasharness_") for package in PLUGINS} - {"baselines"}
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


def test_the_command_line_prints_through_one_door():
    for name, path in CORE.items():
        if name.startswith("fasharness.cli"):
            called = re.findall(r"(?<![\w.])print\(", path.read_text(encoding="utf-8"))
            assert not called, name


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
    # the flags check numbers
    light = {
        "fasharness.errors",
        "fasharness.run",
        "fasharness.common",
        "fasharness.common.cells",
        "fasharness.common.signals",
        "fasharness.common.visible",
    }
    assert own <= light | ({"fasharness.run.settings"} if words[0] == "run" else set())


def test_listing_what_is_there_imports_no_torch():
    assert "torch" not in loaded("ls", "methods")
