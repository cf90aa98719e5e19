"""A run: from settings, step by step, to a result in a folder that can be resumed."""
