"""Plots: a model of what each shows, its builders, and two renderers, Matplotlib and inline SVG."""
