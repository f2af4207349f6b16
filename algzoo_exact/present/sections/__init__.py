"""The sections of a report, which commands print parts of."""
