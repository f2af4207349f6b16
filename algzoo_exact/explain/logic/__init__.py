"""Linear forms, orders of the inputs, and reasons why conditions cannot hold together."""
