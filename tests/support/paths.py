"""Where things are."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "models"
ALGZOO = ROOT.parent / "shared" / "algzoo"  # AlgZoo's own files, which may be missing
STORIES = ROOT / "tests" / "explain" / "stories"
