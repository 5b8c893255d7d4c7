#include "ballast_random.h"

_Static_assert(sizeof(unsigned long) == 8, "a GSL generator returns unsigned long: 64 bits");

static unsigned long step(void *state) {
  uint64_t z = *(uint64_t *)state += 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

static double uniform(void *state) { return (double)(step(state) >> 11) * 0x1p-53; }

static void set(void *state, unsigned long seed) { *(uint64_t *)state = seed; }

static const gsl_rng_type splitmix64 = {
    .name = "ballast-splitmix64",
    .max = UINT64_MAX,
    .min = 0,
    .size = sizeof(uint64_t),
    .set = set,
    .get = step,
    .get_double = uniform,
};

const gsl_rng_type *ballast_splitmix64(void) { return &splitmix64; }
