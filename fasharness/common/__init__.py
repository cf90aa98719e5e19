"""Helpers for all parts of the harness, independent of faces: files, text, processes."""
