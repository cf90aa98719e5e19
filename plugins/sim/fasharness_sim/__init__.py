"""Simulated presentations: heads, scenes, cameras, attacks, and data sets laid out of them."""
