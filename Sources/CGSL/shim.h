// The parts of the GNU Scientific Library that Ballast uses, and accessors for what Swift cannot
// import: GSL keeps generators and solvers behind C global pointers, which Swift 6 refuses as
// shared mutable state.
#ifndef BALLAST_CGSL_SHIM_H
#define BALLAST_CGSL_SHIM_H

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_multifit.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_roots.h>
#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_statistics_double.h>

// Brent's method: a root inside a bracket, without derivatives.
static inline const gsl_root_fsolver_type *ballast_gsl_brent(void) {
  return gsl_root_fsolver_brent;
}

#endif
