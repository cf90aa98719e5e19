"""Plugins: find them by entry point, merge what they offer, look up names."""

from __future__ import annotations

import importlib.metadata
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from fasharness import hookspecs
from fasharness.common.faults import cause, foreseen
from fasharness.common.sources import source_digest
from fasharness.dataset import Dataset, Simulator
from fasharness.errors import DataError, FasharnessError, PluginError, UnknownNameError

if TYPE_CHECKING:
    from fasharness.method import Method

GROUP = "fasharness"
_LOG = logging.getLogger("fasharness")
_PATIENCE = 10.0  # seconds of an import until its plugin is named
_Class = TypeVar("_Class")
OWN = "fasharness"
"""The harness's own plugin, with the built-in data sets, methods and so on."""
KINDS: Mapping[str, str] = {
    "method": "fasharness_methods",
    "dataset": "fasharness_datasets",
    "simulator": "fasharness_simulators",
    "command": "fasharness_commands",
    "metric": "fasharness_metrics",
    "detector": "fasharness_detectors",
    "crop": "fasharness_crops",
    "depth estimator": "fasharness_depth_estimators",
    "weights": "fasharness_weights",
}


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that a plugin offers under a name."""

    kind: str
    name: str
    owner: str
    make: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Broken:
    """A plugin that cannot be used, and why."""

    plugin: str
    cause: str


@dataclass
class Plugins:
    """A plugin manager with the plugins found; built by `load`.

    Attributes:
        manager: the pluggy manager, for calling hooks.
        versions: plugin name to ``distribution version``.
        broken: plugins that could not be used.
        failed: observers that failed, as `notify` said once.
    """

    manager: pluggy.PluginManager
    versions: dict[str, str] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)

    @property
    def hook(self) -> Any:
        """The hook callers."""
        return self.manager.hook

    def add(self, plugin: object, name: str, version: str) -> None:
        """Register a plugin; one with a misspelt hook or wrong arguments is listed as broken."""
        if name in self.versions:
            taken = f"the name {name!r} is taken by {self.versions[name]}: uninstall one of them"
            self._break(f"{name} ({version})", PluginError(taken))
            return
        try:
            self.manager.register(plugin, name)
            # After each plugin, not once at the end: it raises for the first misspelt hook, and the
            # plugin at fault must be known.
            self.manager.check_pending()
        except (pluggy.PluginValidationError, ValueError) as error:
            if self.manager.has_plugin(name):
                self.manager.unregister(name=name)
            self._break(name, error)
        else:
            self.versions[name] = version

    def load_entry_point(self, entry_point: importlib.metadata.EntryPoint) -> None:
        """Import and register an installed plugin; one that fails to import is listed as broken."""
        version = "unknown"
        if entry_point.dist is not None:
            version = f"{entry_point.dist.name} {entry_point.dist.version}"
        slow = threading.Timer(
            _PATIENCE, _LOG.warning, [f"still importing plugin {entry_point.name}"]
        )
        slow.daemon = True
        slow.start()
        try:
            plugin = entry_point.load()
        except (Exception, SystemExit) as error:  # noqa: BLE001 third-party code may raise anything
            self._break(entry_point.name, error)
        else:
            self.add(plugin, entry_point.name, version)
        finally:
            slow.cancel()

    def offers(self, kind: str) -> tuple[Offer, ...]:
        """Return all offers of a kind, sorted by name; a plugin whose hook raises is broken."""
        found: list[Offer] = []
        for implementation in getattr(self.hook, KINDS[kind]).get_hookimpls():
            owner = implementation.plugin_name
            try:
                # Each implementation by itself: one call of the hook would end at the first plugin
                # that raises.
                mapping = dict(implementation.function())
            except (Exception, SystemExit) as error:  # noqa: BLE001 third-party code again
                self._break(owner, error)
                continue
            found += [Offer(kind, name, owner, make) for name, make in mapping.items()]
        return tuple(sorted(found, key=lambda offer: (offer.name, offer.owner)))

    def names(self, kind: str) -> tuple[str, ...]:
        """Return the names offered of a kind, sorted, each once."""
        return tuple(sorted({offer.name for offer in self.offers(kind)}))

    def find(self, kind: str, name: str) -> Offer:
        """Look up a name.

        Raises:
            UnknownNameError: no plugin offers it; similar and available names are listed.
            PluginError: two plugins offer it, or none does and some plugins are broken.
        """
        offers = [offer for offer in self.offers(kind) if offer.name == name]
        if len(offers) == 1:
            return offers[0]
        if offers:
            owners = " and ".join(offer.owner for offer in offers)
            raise PluginError(f"{kind} {name!r} is offered by both {owners}: uninstall one of them")
        raise self._unknown(kind, name, self.names(kind))

    def make(self, kind: str, name: str, *arguments: object) -> Any:
        """Look up a name and call its factory, e.g. a detector's with the device.

        Raises:
            FasharnessError: raised by `find` or by the factory.
            PluginError: the factory fails, e.g. its module cannot be imported.
        """
        offer = self.find(kind, name)
        try:
            return offer.make(*arguments)
        except FasharnessError:
            raise
        except (Exception, SystemExit) as error:
            raise PluginError(
                f"{kind} {name!r} of plugin {offer.owner} cannot be used: {cause(error)}"
            ) from error

    def method(self, name: str) -> type[Method]:
        """Return the class of a method."""
        found: type[Method] = self.make("method", name)
        return self._named("method", name, found)

    def dataset(self, name: str) -> type[Dataset]:
        """Return the class of a data set."""
        found: type[Dataset] = self.make("dataset", name)
        return self._named("dataset", name, found)

    def _named(self, kind: str, name: str, found: _Class) -> _Class:
        """Refuse a class of another name: results and model files would name another method."""
        own = getattr(found, "name", None)
        if own != name:
            owner = self.find(kind, name).owner
            raise PluginError(
                f"{kind} {name!r} of plugin {owner}: its class is named {own!r:.60}; give both one "
                "name"
            )
        return found

    def datasets(self) -> dict[str, type[Dataset]]:
        """Return all data set classes by name; one that fails to import makes its plugin broken."""
        found: dict[str, type[Dataset]] = {}
        for name in self.names("dataset"):
            try:
                found[name] = self.dataset(name)
            except PluginError as error:
                self._break(name, error)
        return found

    def dataset_of(self, protocol: str) -> type[Dataset]:
        """Return the class of the data set that offers a protocol.

        Raises:
            UnknownNameError: no data set offers it.
            PluginError: several do.
        """
        datasets = self.datasets()
        offers = {name: each.offers(protocol) for name, each in datasets.items()}
        found = {name: offer for name, offer in offers.items() if offer is not None}
        if len(found) > 1:
            raise PluginError(
                f"protocol {protocol!r} is offered by the data sets {' and '.join(found)}: "
                "uninstall the plugin of one of them"
            )
        if not found:
            known = {name for dataset in datasets.values() for name in dataset.folds}
            raise self._unknown("protocol", protocol, known)
        return next(iter(found.values()))

    def open_dataset(self, dataset: type[Dataset], root: Path) -> Dataset:
        """Open a data set at its root.

        Raises:
            DataError: the folder is not its root; another set that it looks like is named.
        """
        try:
            return dataset(root)
        except DataError as error:
            others = (found for found in self.datasets().values() if found is not dataset)
            alike = [other.title for other in others if other.claims(root)]
            if not alike:
                raise
            raise DataError(f"{error}; it looks like {' and '.join(alike)}") from None

    def packages(self) -> dict[str, str]:
        """Return the top-level modules of all plugins but the harness's own, and whose they are."""
        found: dict[str, str] = {}
        for name, plugin in self.manager.list_name_plugin():
            called = self.manager.get_hookcallers(plugin) or []
            hooks = [each for caller in called for each in caller.get_hookimpls()]
            modules = [each.function.__module__ for each in hooks if each.plugin_name == name]
            modules.append(getattr(plugin, "__name__", type(plugin).__module__))
            found |= {module.partition(".")[0]: name for module in modules}
        return {root: name for root, name in found.items() if root not in (OWN, "types")}

    def notify(self, event: str, say: Callable[[str], None], **facts: Any) -> None:
        """Call a hook of observers; one that fails costs only itself.

        Args:
            event: the hook's name.
            say: prints a line about an observer that fails.
            **facts: the hook's arguments.
        """
        for implementation in getattr(self.hook, event).get_hookimpls():
            given = [facts[name] for name in implementation.argnames]
            try:
                implementation.function(*given)
            except (Exception, SystemExit) as error:
                if foreseen(error):
                    raise
                words = f"plugin {implementation.plugin_name}: {event} failed: {cause(error)}"
                if words not in self.failed:  # it may be called for each of a million scores
                    say(f"warning: {words}")
                self.failed.add(words)

    def code_version(self, owner: str) -> str:
        """Version of a plugin with a digest of its code, for content keys."""
        plugin = self.manager.get_plugin(owner)
        module = getattr(plugin, "__name__", type(plugin).__module__)
        return f"{self.versions[owner]} {source_digest(module)}"

    def simulator(self, dataset: str) -> Simulator | None:
        """Return the simulator of a data set, None if no installed plugin has one."""
        if dataset not in self.names("simulator"):
            return None
        found: Simulator = self.make("simulator", dataset)
        return found

    def _unknown(self, kind: str, name: str, known: Iterable[str]) -> FasharnessError:
        """Return the error for an unknown name, which a broken plugin might have offered."""
        unknown = UnknownNameError(kind, name, known)
        if not self.broken:
            return unknown
        causes = "; ".join(f"{item.plugin} ({item.cause})" for item in self.broken)
        return PluginError(f"{unknown}; broken plugins: {causes}")

    def _break(self, name: str, error: BaseException) -> None:
        broken = Broken(name, cause(error))
        if broken not in self.broken:
            self.broken.append(broken)


def load(extra: Iterable[tuple[str, object]] = ()) -> Plugins:
    """Build a plugin manager with `extra` and every installed plugin, the harness's own first.

    Args:
        extra: (name, plugin object) pairs to register besides the installed ones.

    Returns:
        The manager; unusable plugins are listed in its `broken`.
    """
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    plugins = Plugins(manager)
    found = sorted(importlib.metadata.entry_points(group=GROUP), key=lambda e: e.name)
    for entry_point in filter(_is_own, found):
        plugins.load_entry_point(entry_point)
    if OWN not in plugins.versions:
        missing = "its data sets and methods are not registered: install it, e.g. with make install"
        plugins.broken.append(Broken(OWN, missing))
    for name, plugin in extra:
        plugins.add(plugin, name, "not installed")
    for entry_point in found:
        if not _is_own(entry_point):
            plugins.load_entry_point(entry_point)
    return plugins


def _is_own(entry_point: importlib.metadata.EntryPoint) -> bool:
    """Return whether an entry point is the harness's own; no other package may use its name."""
    dist = entry_point.dist
    return entry_point.name == OWN and dist is not None and dist.name == OWN
