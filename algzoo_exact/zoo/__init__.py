"""Where models come from: files, names, torch modules, formulas, training."""
