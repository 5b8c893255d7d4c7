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

/// CPU time of the calling process in seconds.
double process_cpu_seconds(void);

#endif
