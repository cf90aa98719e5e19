"""From scores to figures: rules, thresholds, intervals, and tables over folds and runs."""
