"""What the harness itself offers: data sets, baselines and everything else a plugin could bring."""
