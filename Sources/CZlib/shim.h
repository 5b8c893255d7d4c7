#ifndef BALLAST_CZLIB_SHIM_H
#define BALLAST_CZLIB_SHIM_H
#include <zlib.h>
#endif
