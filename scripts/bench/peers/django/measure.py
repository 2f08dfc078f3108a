"""Calls from many threads, measured as the other peers' are."""

import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor

# Django is synchronous: FastAPI, under which the original runs, calls it with `run_in_threadpool`, and that has
# 40 threads. More callers than that wait for one in a queue, first come, first served, and their waiting is part of
# their latency. More threads, each with a connection, were slower: see README.md.
THREADS = 40

# For all samples: a thread keeps its connection.
threads = ThreadPoolExecutor(THREADS)


def sample(call, callers, seconds, per_call):
    """Lets callers make one call after the other for so long; a call under way, or waiting, is made."""
    latencies = []
    # Not the server's: PostgreSQL's processes, like mongod, are not in it.
    cpu = time.process_time()
    begin = time.perf_counter()
    end = begin + seconds
    # Since when each caller waits for a thread.
    waiting = deque([begin] * callers)

    def work():
        while waiting:
            try:
                since = waiting.popleft()
            except IndexError:  # Another thread took the last.
                return
            call()
            now = time.perf_counter()
            latencies.append(now - since)
            if now < end:
                waiting.append(now)

    for running in [threads.submit(work) for _ in range(min(callers, THREADS))]:
        running.result()
    elapsed = time.perf_counter() - begin
    cpu = time.process_time() - cpu
    operations = len(latencies) * per_call
    latencies.sort()
    return {
        "calls": len(latencies),
        "perSecond": operations / elapsed,
        "p50": quantile(latencies, 0.5) * 1000,
        "p99": quantile(latencies, 0.99) * 1000,
        "max": latencies[-1] * 1000,
        "cpuMicros": cpu * 1e6 / operations,
    }


def quantile(ordered, share):
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
