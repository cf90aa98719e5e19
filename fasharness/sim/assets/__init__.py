"""Data that the simulated people are made of, and the scripts that made it; see NOTICE."""
