"""Several batches at once on a processor, one thread each.

Threads that share one operation wait for one another at its end, a hundred times a block, and where a core is late each
of these waits is as long.  Batches of conditions need nothing of one another, so a core takes one of its own; torch lets
go of Python's lock inside its operations.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from threading import Barrier
from typing import TypeVar

import torch

Given = TypeVar("Given")
Made = TypeVar("Made")


def beside(work: Callable[[Given], Made], batches: Sequence[Given]) -> list[Made]:
    """What is made of each; all have come to their end when it returns, or raises what the first of them raised.

    A batch that is left alone runs so too: with another number of threads its last digits would be others.
    """
    running = [_pool(torch.get_num_threads()).submit(work, one) for one in batches]
    wait(running)
    return [one.result() for one in running]


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    pool, all_there = ThreadPoolExecutor(threads, "lane", torch.set_num_threads, (1,)), Barrier(threads)

    def begin() -> None:
        torch.get_num_threads()  # only now does torch take what the lane has set
        all_there.wait()  # else one that is idle would begin twice, and another be made later

    wait([pool.submit(begin) for _ in range(threads)])
    torch.set_num_threads(threads)  # what a lane sets for itself, torch takes for the next new thread's number too
    return pool
