"""The entries of the race, a file for each idea."""
