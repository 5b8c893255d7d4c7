#ifndef BALLAST_BOUND_H
#define BALLAST_BOUND_H

#include <stdint.h>

/// The arithmetic of workload W "full" as a plain loop over a flat array of demands: the bound that the engine is
/// measured against. Doubles, no pools, no objects, no rows.
///
/// `utilisation` holds V 16-bit samples for each of T instants, host by host: [t][h][k]. `vcpus` has `n` entries for
/// the VMs of one host. Returns delivered core-seconds; fills delivered and ready per VM (V) and utilisation per
/// instant and host (T × H).
double bound_workload_w(
    const uint16_t *utilisation, const double *vcpus, int hosts, int n, int samples,
    double *delivered, double *ready, float *host_utilisation);

/// Fills a queue with `pending` events, then pops the first and pushes it back `steps` times. Returns a sum over the order
/// in which the events came.
uint64_t bound_queue(int pending, int steps);

/// The delays of both queues: a generator that costs one multiplication, and up to 2^28 ns of its top bits.
static inline uint64_t queue_step(uint64_t x) { return x * 6364136223846793005u + 1442695040888963407u; }
static inline uint64_t queue_delay(uint64_t x) { return x >> 36; }

/// CPU time of the calling process in seconds.
double process_cpu_seconds(void);

// Allocations of this process so far, of any kind.
uint64_t allocation_count(void);
#endif
