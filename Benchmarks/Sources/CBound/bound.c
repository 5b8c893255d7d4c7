#include "bound.h"

#include <time.h>

#define CORES 32.0
#define VMS_MAX 64

double process_cpu_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/// allocation = min(upper, max(lower, level * weight)) with the level that hands out all of `capacity`, by Newton's
/// method on the piecewise linear sum.
static void share(
    int n, double capacity, const double *lower, const double *upper, const double *weight,
    double *allocation) {
  double level = 0, weights = 0;
  for (int i = 0; i < n; i++) weights += weight[i];
  level = capacity / weights;
  for (int pass = 0; pass < 32; pass++) {
    double fixed = 0, free_weight = 0;
    for (int i = 0; i < n; i++) {
      double wanted = level * weight[i];
      int below = wanted < lower[i], above = wanted > upper[i];
      fixed += below ? lower[i] : above ? upper[i] : 0;
      free_weight += below | above ? 0 : weight[i];
    }
    if (free_weight == 0) break;
    double next = (capacity - fixed) / free_weight;
    if (next == level) break;
    level = next;
  }
  for (int i = 0; i < n; i++) {
    double wanted = level * weight[i];
    wanted = wanted < lower[i] ? lower[i] : wanted;
    allocation[i] = wanted > upper[i] ? upper[i] : wanted;
  }
}

double bound_workload_w(
    const uint16_t *utilisation, const double *vcpus, int hosts, int n, int samples,
    double *delivered, double *ready, float *host_utilisation) {
  double lower[VMS_MAX], upper[VMS_MAX], demand[VMS_MAX], allocation[VMS_MAX];
  for (int t = 0; t < samples; t++) {
    for (int h = 0; h < hosts; h++) {
      const uint16_t *row = utilisation + ((long)t * hosts + h) * n;
      double wanted = 0;
      for (int k = 0; k < n; k++) {
        demand[k] = vcpus[k] * (double)row[k] * (1.0 / 65536.0);
        double limit = k % 5 == 0 ? 0.5 * vcpus[k] : vcpus[k];
        upper[k] = demand[k] < limit ? demand[k] : limit;
        wanted += upper[k];
      }
      double *result = upper;
      if (wanted > CORES) {
        for (int k = 0; k < n; k++) {
          double reserved = k % 4 == 0 ? 0.25 * vcpus[k] : 0;
          lower[k] = reserved < upper[k] ? reserved : upper[k];
        }
        share(n, CORES, lower, upper, vcpus, allocation);
        result = allocation;
      }
      double used = 0;
      for (int k = 0; k < n; k++) {
        delivered[h * n + k] += result[k];
        ready[h * n + k] += demand[k] - result[k];
        used += result[k];
      }
      host_utilisation[(long)t * hosts + h] = (float)(used / CORES);
    }
  }
  double total = 0;
  for (int v = 0; v < hosts * n; v++) {
    delivered[v] *= 300;
    ready[v] *= 300;
    total += delivered[v];
  }
  return total;
}
