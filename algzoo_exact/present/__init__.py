"""One document model for commands and reports, and what writes it."""
