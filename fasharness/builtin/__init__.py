"""The built-in plugin: data sets, baselines, detector, crop rules, depth estimator, decoder."""
