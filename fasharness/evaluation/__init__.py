"""From scores to figures: thresholds, rates, intervals, folds, comparison of runs, fusion."""
