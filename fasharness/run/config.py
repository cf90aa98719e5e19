"""Merge command-line flags with a YAML file into the settings of a run; flags win."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fasharness.common.cells import decimal, whole
from fasharness.errors import DataError, OptionError, UnknownNameError
from fasharness.run.settings import Flag, Settings, flag_name


def merge(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Merge the flags of the command line with those of the configuration file.

    Args:
        flags: every flag of the command, None or False where it was not given; ``config`` names
            the file.

    Returns:
        Values by flag, those given as KEY=VALUE as mappings of names to text.

    Raises:
        OptionError: the file is not YAML or has an unknown flag, or an option is not KEY=VALUE.
    """
    # Not `if v`: a 0 on the command line (a seed) must override the value of the file.
    given = {k: v for k, v in flags.items() if v is not None and v is not False}
    # Not settings. Resuming is always done.
    for name in ("command", "last", "config", "resume"):
        given.pop(name, None)
    for name in _MAPPINGS:
        given[name] = dict(_key_value(name, text) for text in given.get(name, []))
    if flags["config"] is None:
        return given
    known = set(flags) - {"command", "last", "config"}
    values = _read_config(flags["config"], known)
    for name in _MAPPINGS:
        given[name] = {**values.get(name, {}), **given[name]}
    return {**values, **given}


_MAPPINGS = tuple(f.name for f in dataclasses.fields(Settings) if Flag.of(f).read is dict)


def _key_value(flag: str, text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise OptionError(f"{flag_name(flag)} must be KEY=VALUE, got {text!r}")
    return key, value


def _read_config(path: Path, known: set[str]) -> dict[str, Any]:
    from fasharness.common.formats import file_text
    from fasharness.common.strict_yaml import MOST_YAML, yaml_object

    try:
        values = yaml_object(file_text(path, MOST_YAML), str(path))
    except DataError as error:
        raise OptionError(str(error)) from None
    named: dict[str, Any] = {}
    for key, value in values.items():
        name = key.replace("-", "_")
        if name not in known:
            raise OptionError(f"{path}: {UnknownNameError('flag', name, known)}")
        if name in named:
            raise OptionError(f"{path}: {flag_name(name)} is given twice; delete one of the two")
        named[name] = value
    for name in _MAPPINGS:
        named[name] = named.get(name) or {}
        if not isinstance(named[name], dict):
            raise OptionError(f"{path}: {name} must map names to values")
    named.pop("resume", None)
    return {key: value for key, value in named.items() if value is not None}


def as_text(value: object) -> str:
    """Write a value as the command line would."""
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def build(values: Mapping[str, Any]) -> Settings:
    """Build the settings of a run from merged flags.

    Raises:
        OptionError: the method or protocol is missing, or a value has the wrong type.
        UnknownNameError: there is no such setting.
    """
    for name, listing in (("plugin", "methods"), ("protocol", "protocols")):
        if not values.get(name):
            raise OptionError(f"--{name} is missing; see `fasharness ls {listing}`")
    kinds = {setting.name: Flag.of(setting).read for setting in dataclasses.fields(Settings)}
    for name in values:
        if name not in kinds:
            raise UnknownNameError("setting", name, kinds)
    given = {name: value for name, value in values.items() if value is not None}
    return Settings(**{name: _value(name, value, kinds[name]) for name, value in given.items()})


def _value(name: str, value: Any, kind: type[Any]) -> Any:
    """Convert the value of a flag or of the file to the setting's type."""
    if kind is dict:
        if not isinstance(value, Mapping):
            raise OptionError(f"{name} must map names to values, got {value!r:.60}")
        return {str(key): as_text(part) for key, part in value.items()}
    if kind in (int, float):
        return _number(name, value, kind)
    # A number would silently become the name of a folder.
    if kind is Path and not isinstance(value, str | os.PathLike):
        raise OptionError(f"{flag_name(name)} must be a path, got {value!r:.60}")
    if kind is str and (isinstance(value, bool) or not isinstance(value, str | int | float)):
        raise OptionError(f"{flag_name(name)} must be a text, got {value!r:.60}")
    return kind(os.fspath(value) if kind is Path else str(value))


_READ: Mapping[Any, Any] = {int: whole, float: decimal}


def _number(name: str, value: object, kind: Any) -> Any:
    word = "a whole number" if kind is int else "a number"
    try:
        number = _READ[kind](value) if isinstance(value, str) else kind(value)
    except (TypeError, ValueError, OverflowError):
        number = None
    # YAML gives 2.5 or true where a whole number is wanted; int() would accept both.
    if number is None or isinstance(value, bool) or (isinstance(value, float) and number != value):
        raise OptionError(f"{flag_name(name)} must be {word}, got {value!r}")
    return number
