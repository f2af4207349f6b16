"""The workers of a Dask cluster that runs already, as an executor."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from algzoo_exact.errors import InputError, demand
from algzoo_exact.version import __version__

_SECONDS = 10  # to answer


@contextmanager
def dask_workers(address: str) -> Iterator[Executor]:
    """An executor for ``workers=``: the scheduler at ``address``, such as ``tcp://10.0.0.1:8786``,
    sends the jobs to its workers. A job of a worker that dies is done again by another.

    InputError where Dask is not installed, no scheduler answers, or its workers have no package of
    this version; and where a job has lost more workers than the scheduler allows.
    """
    demand(address, str, "The address of a scheduler is a text")
    try:
        from distributed import Client
        from distributed.scheduler import KilledWorker
    except ImportError:
        raise InputError("A cluster needs Dask: pip install 'algzoo-exact[dask]'.") from None
    try:
        client = Client(address, timeout=_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(
            f"No Dask scheduler answers at {address!r}; give the address that it printed when it "
            f"started, such as tcp://10.0.0.1:8786 ({type(error).__name__})."
        ) from None
    with client:
        try:
            client.wait_for_workers(1, timeout=_SECONDS)
            versions = set(client.run(_version).values())
        except TimeoutError:
            raise InputError(f"The scheduler at {address!r} has no workers yet.") from None
        except ImportError:
            raise InputError(
                f"The workers of {address!r} do not have algzoo-exact {__version__}; install it "
                "there."
            ) from None
        if versions != {__version__}:
            raise InputError(
                f"The workers of {address!r} have algzoo-exact {', '.join(sorted(versions))}, not "
                f"{__version__} as here."
            )
        try:
            yield client.get_executor(pure=False)
        except KilledWorker:
            raise InputError(
                "A job lost more workers than the scheduler allows, for lack of memory perhaps; "
                "give them more, or raise its distributed.scheduler.allowed-failures."
            ) from None


def _version() -> str:
    return __version__
