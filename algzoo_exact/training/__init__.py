"""Training by AlgZoo's recipe: all seeds at once, safe to stop, with cards of what came out."""
