#include "ballast_random.h"
