"""A plugin that cannot be imported."""

raise RuntimeError("this plugin\nwants another machine")
