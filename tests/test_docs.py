"""The documentation shows what is there: the example plugin as it is tested, files that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOY = Path(__file__).parent / "third_party_plugin" / "toy"
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), *ROOT.glob("*.md"),
         *sorted((ROOT / "plugins").glob("*/README.md"))]  # fmt: skip


@pytest.mark.parametrize("name", [str(p.relative_to(TOY)) for p in sorted(TOY.rglob("*.[pt][yo]*"))
                                  if p.suffix in (".py", ".toml")])  # fmt: skip
def test_the_example_plugin_is_the_tested_one(name: str):
    text = (ROOT / "docs" / "plugins.md").read_text()
    block = re.search(rf"`{re.escape(name)}`\n```\w+\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert block is not None
    assert block[1] == (TOY / name).read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path):
    targets = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", page.read_text())
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_holds_what_a_merge_left(page: Path):
    assert re.findall(r"^(?:<<<<<<<|=======|>>>>>>>)(?: .*)?$", page.read_text(), re.M) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_pages_are_commands(page: Path):
    from fasharness.cli import build_parser

    help_text = build_parser("sim").format_help()
    known = set(re.findall(r"^    ([a-z]+)(?: |$)", help_text, re.MULTILINE))
    named = set(re.findall(r"(?<![\w./-])fasharness ([a-z]+)\b", code(page.read_text())))
    assert named <= known, named - known


def code(text: str) -> str:
    """What is marked as code, fenced or in a line."""
    fenced = re.findall(r"^```(?!python|toml).*?$(.*?)^```", text, re.MULTILINE | re.DOTALL)
    rest = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return "\n".join([*fenced, *re.findall(r"`([^`\n]+)`", rest)])


def test_the_places_that_the_architecture_names_exist():
    """Every ``file.py: name`` on the page is a file with this function or class in it."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    places = re.findall(r"`([a-z_/]+\.py): ([A-Za-z_.]+)`", text)
    assert len(places) > 10
    for file, name in places:
        source = (ROOT / "fasharness" / file).read_text(encoding="utf-8")
        for part in name.split("."):
            assert re.search(rf"^\s*(def|class) {part}\b", source, re.MULTILINE), f"{file}: {name}"
    files = set(re.findall(r"`([a-z_]+/[a-z_/]+\.py)`", text))
    assert len(files) > 10
    there = {f for f in files if (ROOT / f).is_file() or (ROOT / "fasharness" / f).is_file()}
    assert files - there == set()
