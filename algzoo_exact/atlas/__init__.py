"""An atlas of a zoo: the scores of many models, as tables, curves and pages."""
