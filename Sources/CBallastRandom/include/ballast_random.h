// A GSL generator over eight bytes that somebody else owns.
//
// GSL's own generators keep their state on the heap and take at most 32 bits of seed. This one
// steps a BallastKernel RandomStream in place: GSL draws from streams that can be copied.
#ifndef BALLAST_RANDOM_H
#define BALLAST_RANDOM_H

#include <gsl/gsl_rng.h>
#include <stdint.h>

// SplitMix64 with the state of one uint64_t. Must step exactly as RandomStream.nextUInt64() does.
const gsl_rng_type *ballast_splitmix64(void);

// A generator that steps *state and is valid as long as that is. Nothing is allocated.
static inline gsl_rng ballast_lend(uint64_t *state) {
  gsl_rng generator = {ballast_splitmix64(), state};
  return generator;
}

#endif
