#ifndef BR_H
#define BR_H
#endif
