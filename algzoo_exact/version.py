"""The version, which documents and files state."""

__version__ = "0.1.0"
