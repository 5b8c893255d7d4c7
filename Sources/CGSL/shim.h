// The parts of the GNU Scientific Library that Ballast uses, and accessors for what Swift cannot import:
// GSL keeps generators and interpolation types behind C global pointers, which Swift 6 refuses as shared mutable state.
#ifndef BALLAST_CGSL_SHIM_H
#define BALLAST_CGSL_SHIM_H

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_statistics_double.h>

#endif
