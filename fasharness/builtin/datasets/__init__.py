"""Built-in data sets, one file each, offered through the same hooks as those of plugins."""
