"""Workload W in numpy, for comparison: the same allocation for all hosts of a sample at once.

usage: numpy_w.py [HOSTS VMS SAMPLES]    (Debian: python3-numpy)
"""
import sys
import time

import numpy as np

CORES = 32.0
PATTERN = np.array([2, 4, 8, 8, 4, 8, 8, 8, 6, 8], dtype=np.float64)


def utilisation(hosts, vms, samples):
    """16-bit utilisation [sample][host][ordinal] from the generator of the workload's definition."""
    vm = np.arange(vms, dtype=np.uint64)
    x = ((vm + 1) * 0x9E3779B1) & 0xFFFFFFFF
    x ^= x >> 16
    x = (x * 0x85EBCA6B) & 0xFFFFFFFF
    x ^= x >> 13
    x = (x * 0xC2B2AE35) & 0xFFFFFFFF
    x ^= x >> 16
    out = np.empty((samples, hosts, vms // hosts), dtype=np.uint16)
    for sample in range(samples):
        x = (x * 1664525 + 1013904223) & 0xFFFFFFFF
        out[sample] = (x >> 16).astype(np.uint16).reshape(vms // hosts, hosts).T
    return out


def share(capacity, lower, upper, weight):
    """min(upper, max(lower, level * weight)) per host, the level by Newton's method."""
    level = capacity / weight.sum()
    level = np.full((upper.shape[0], 1), level)
    for _ in range(16):
        wanted = level * weight
        below, above = wanted < lower, wanted > upper
        fixed = np.where(below, lower, np.where(above, upper, 0)).sum(axis=1, keepdims=True)
        free = np.where(below | above, 0, weight).sum(axis=1, keepdims=True)
        new = np.where(free > 0, (capacity - fixed) / np.where(free > 0, free, 1), level)
        if np.array_equal(new, level):
            break
        level = new
    return np.minimum(upper, np.maximum(lower, level * weight))


def main():
    hosts, vms, samples = (int(word) for word in sys.argv[1:4] or (1000, 10000, 288))
    n = vms // hosts
    vcpus = np.resize(PATTERN, n)
    k = np.arange(n)
    reservation = np.where(k % 4 == 0, 0.25 * vcpus, 0)
    limit = np.where(k % 5 == 0, 0.5 * vcpus, vcpus)
    data = utilisation(hosts, vms, samples)
    delivered = np.zeros((hosts, n))
    ready = np.zeros((hosts, n))
    used = np.empty((samples, hosts))
    start = time.process_time()
    for sample in range(samples):
        demand = vcpus * (data[sample] / 65536.0)
        upper = np.minimum(demand, limit)
        result = upper.copy()
        busy = upper.sum(axis=1) > CORES
        if busy.any():
            result[busy] = share(
                CORES, np.minimum(reservation, upper[busy]), upper[busy], vcpus)
        delivered += result
        ready += demand - result
        used[sample] = result.sum(axis=1) / CORES
    seconds = time.process_time() - start
    print(
        f"numpy w {hosts} {vms} {samples}: {seconds * 1e9 / (vms * samples):.1f} ns,"
        f" delivered {delivered.sum() * 300} core-s")


main()
