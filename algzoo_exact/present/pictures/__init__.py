"""Pictures of what a program answers where."""
