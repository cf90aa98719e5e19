"""Metrics as pure functions of score arrays; higher scores mean more bona fide, always."""
