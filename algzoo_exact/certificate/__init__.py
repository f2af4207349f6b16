"""Certificates: exact accuracies that can be checked without this package."""
