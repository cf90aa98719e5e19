"""How a simulated data set is laid out: one file for each data set."""
