"""Listing a root: folders that count as one file, links."""

from collections.abc import Callable
from pathlib import Path

from fasharness.released.walk import walk

Make = Callable[..., Path]


def test_a_folder_may_count_as_one_file(make_root: Make):
    root = make_root(["a/1.avi", "a/frames/1.png", "a/frames/2.png", "b/c/3.avi", "d/4.avi"])
    found = walk(root, ("a", "b", "nowhere"), whole=lambda path: path == "a/frames")
    assert found.files == ("a/1.avi", "a/frames", "b/c/3.avi")
    assert "a/frames/1.png" in walk(root, ("a",)).files


def test_a_link_inside_the_root_is_no_second_way_to_its_files(make_root: Make, tmp_path: Path):
    root = make_root(["a/1.avi", "a/b/2.avi"])
    (root / "a" / "again").symlink_to(root / "a" / "b")
    (root / "a" / "3.avi").symlink_to(root / "a" / "1.avi")
    (root / "a" / "out").symlink_to(tmp_path)
    found = walk(root, ("a",))
    assert found.files == ("a/1.avi", "a/3.avi", "a/b/2.avi")
    assert found.outside == ("a/out",)
