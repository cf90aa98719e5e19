"""The digest of the code behind a name: every file of a plugin counts, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

from fasharness.common.sources import source_digest

CODE = (
    "from fasharness.common.sources import source_digest; import {0}; print(source_digest('{0}'))"
)


def digest_of(module: str, folder: Path) -> str:
    """The digest in a process of its own, as modules are imported once."""
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(module)],
        env={"PYTHONPATH": str(folder)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    package = tmp_path / "plugin_of_mine"
    (package / "parts").mkdir(parents=True)
    for name in ("__init__.py", "method.py", "parts/__init__.py", "parts/network.py"):
        (package / name).write_text(f"'''{name}'''\n")
    (tmp_path / "single_file.py").write_text("x = 1\n")
    return package


def test_any_file_of_a_package_changes_the_digest_of_all_its_modules(plugin: Path):
    def both() -> str:
        names = ("plugin_of_mine.method", "plugin_of_mine.parts.network")
        one, other = (digest_of(name, plugin.parent) for name in names)
        assert one == other
        assert len(one) == 16
        return one

    found = [both()]
    (plugin / "parts" / "network.py").write_text("y = 2\n")
    found.append(both())
    (plugin / "parts" / "more.py").write_text("")
    found.append(both())
    (plugin / "parts" / "more.py").rename(plugin / "more.py")
    found.append(both())
    (plugin.parent / "single_file.py").write_text("x = 2\n")
    (plugin / "notes.txt").write_text("not code")
    assert both() == found[-1]
    assert len(set(found)) == 4


def install(folder: Path, package: str, text: str) -> None:
    """A plugin with a method, and what installers write about it."""
    (folder / package).mkdir()
    (folder / package / "__init__.py").write_text("")
    (folder / package / "method.py").write_text(text)
    about = folder / f"{package}-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1\n")
    (about / "entry_points.txt").write_text(f"[fasharness]\n{package} = {package}\n")


def test_the_code_of_plugins_that_a_plugin_builds_on_counts(tmp_path: Path):
    install(tmp_path, "the_first", "x = 1\n")
    install(tmp_path, "the_second", "from the_first.method import x\nimport the_third\n")
    install(tmp_path, "the_third", "def late():\n    import the_second.method as second\n")
    install(tmp_path, "the_fourth", "import the_fifth\n")
    (tmp_path / "the_fifth").mkdir()
    (tmp_path / "the_fifth" / "__init__.py").write_text("no_plugin = 1\n")

    def digests(*imported: str) -> list[str]:
        names = ("the_first", "the_third", "the_fourth")
        code = f"import {', '.join(imported or names)}\n" + "".join(
            f"import {name}; print(source_digest({name!r}))\n" for name in names
        )
        done = subprocess.run(
            [sys.executable, "-c", f"from fasharness.common.sources import source_digest\n{code}"],
            env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.split()

    before = digests()
    assert digests("the_third", "the_second") == before
    (tmp_path / "the_fifth" / "__init__.py").write_text("")
    assert digests() == before
    (tmp_path / "the_first" / "method.py").write_text("x = 2\n")
    assert [one == other for one, other in zip(digests(), before, strict=True)] == [0, 0, 1]


def test_a_single_file_is_its_own_package(plugin: Path):
    before = digest_of("single_file", plugin.parent)
    (plugin / "method.py").write_text("z = 3\n")
    assert digest_of("single_file", plugin.parent) == before
    (plugin.parent / "single_file.py").write_text("x = 2\n")
    assert digest_of("single_file", plugin.parent) != before


def test_a_module_of_the_harness_counts_alone():
    from fasharness.builtin import baselines, hooks

    one, other = map(source_digest, (baselines.__name__, hooks.__name__))
    assert one != other


def test_code_without_a_file_has_no_digest():
    assert source_digest("no_such_module") == ""
    assert source_digest("builtins") == ""
