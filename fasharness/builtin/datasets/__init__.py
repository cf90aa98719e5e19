"""Built-in data sets, one file each, each offered through the same hooks as a plugin's."""
