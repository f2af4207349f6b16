"""``algzoo-exact warm``: compile ahead what scores need."""

from __future__ import annotations

import time


def warm() -> None:
    """Compile what scores of four and more inputs need, for this machine. It is stored, so that no
    command waits for it later; without this, the first command that needs it compiles it.

    Example:
    algzoo-exact warm
    """
    import algzoo_exact.analysis.pair_facets
    import algzoo_exact.analysis.slopes  # noqa: F401 (they register kernels)
    from algzoo_exact.cli.output import progress_bar
    from algzoo_exact.compiling import (
        COMPILING,
        KERNELS,
        compile_kernel,
        compiling,
        done,
        is_stored,
    )

    began = time.monotonic()
    missing = [kernel for kernel in KERNELS if not is_stored(kernel)]
    with progress_bar("warm") as advance, compiling(*KERNELS) as futures:
        while not done(futures, 1.0):
            finished = sum(future.done() for future in futures)
            advance(finished / len(futures), COMPILING)
        for kernel in missing:
            if not is_stored(kernel):  # a process died
                compile_kernel(kernel)
    if missing:
        print(f"compiled: {', '.join(missing)}, in {time.monotonic() - began:.0f} s")
    else:
        print("everything is compiled already")
