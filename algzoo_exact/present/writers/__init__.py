"""The formats a document is written in, one file each."""
