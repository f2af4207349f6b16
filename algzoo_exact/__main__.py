"""``python -m algzoo_exact`` is the command ``algzoo-exact``."""

from algzoo_exact.cli import main

main()
