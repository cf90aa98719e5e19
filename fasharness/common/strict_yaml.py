"""Strict YAML, the other half of the door `fasharness.common.formats`: nothing is read by guess.

YAML 1.1 reads ``010`` as 8, ``1:30`` as 90 and ``no`` as false, takes the last of two equal keys,
and lets ten lines of aliases stand for a billion values. All of these are refused with their line.
"""

from __future__ import annotations

import math
import re
from typing import Any

import yaml

from fasharness.common.formats import Json
from fasharness.errors import DataError

MOST_YAML = 1 << 20
"""Bytes of the largest file; flags and values take a few hundred."""
_DEEPEST = 16
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,18})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?")
_PLAIN = {"true": True, "false": False, "null": None, "~": None, "": None}
# What YAML 1.1 reads as something other than the text that it looks like.
_GUESSED = re.compile(
    r"[-+.]?[0-9][0-9_,.:eExXoOa-fA-F+-]*|\d{4}-\d\d?-\d\d?.*|[-+]?\.(inf|nan)"
    r"|y|n|yes|no|on|off|true|false|null",
    re.IGNORECASE,
)


def yaml_object(text: str, source: str) -> dict[str, Json]:
    """Read strict YAML of one mapping.

    Args:
        text: the YAML; an empty one is an empty mapping.
        source: where it came from, for the message.

    Returns:
        Text keys to null, true or false, decimal numbers, texts, lists and mappings.

    Raises:
        DataError: it is not such YAML, or leaves anything to guess; names the line.
    """
    try:
        _refuse_bombs(text)
        node = yaml.compose(text, yaml.SafeLoader)
        value = {} if node is None else _value(node)
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise DataError(f"{source}{line}: not YAML: {_one_line(error.problem)}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise DataError(f"{source}: not YAML: {_one_line(error)}") from None
    except RecursionError:
        raise DataError(f"{source}: not YAML: nested too deeply") from None
    if not isinstance(value, dict):
        raise DataError(f"{source}: expected names and values, got {type(value).__name__}")
    return value


def _refuse_bombs(text: str) -> None:
    """Refuse aliases and deep nesting before any node is made."""
    deep = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise _at(event, "an alias (*); write the value again")
        if isinstance(event, yaml.CollectionStartEvent):
            deep += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            deep -= 1
        if deep > _DEEPEST:
            raise _at(event, "nested too deeply")


def _value(node: yaml.Node) -> Json:
    if node.tag not in _TAGS:
        raise _at(node, f"the tag {node.tag!r:.60}, which is not read here")
    if isinstance(node, yaml.SequenceNode):
        return [_value(part) for part in node.value]
    if isinstance(node, yaml.MappingNode):
        return _mapping(node)
    return _scalar(node)


def _mapping(node: yaml.MappingNode) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for key, value in node.value:
        name = _value(key) if isinstance(key, yaml.ScalarNode) else None
        if not isinstance(name, str):
            raise _at(key, "a name must be a text; put it in quotes")
        if name in found:
            raise _at(key, f"{name!r:.60} occurs twice; delete one of the two")
        found[name] = _value(value)
    return found


def _scalar(node: Any) -> bool | int | float | str | None:
    text: str = node.value
    if not text.isprintable():
        raise _at(node, f"{text!r:.60} has a line break or a control character")
    if node.style is not None:
        return text
    if text in _PLAIN:
        return _PLAIN[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text) and not text.isdigit() and math.isfinite(float(text)):
        return float(text)
    if _GUESSED.fullmatch(text):
        raise _at(
            node,
            f"{text!r:.60} can be read in two ways; write a decimal number, true or false, or put "
            "the text in quotes",
        )
    return text


# Those that SafeLoader gives what has no tag of its own.
_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "timestamp", "merge", "value", "seq", "map")
)


def _at(where: Any, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=where.start_mark)


def _one_line(error: object) -> str:
    return " ".join(str(error).split())[:200]
