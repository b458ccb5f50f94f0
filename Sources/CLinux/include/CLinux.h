// What Swift's C library module cannot reach on Linux. Flat types only.
#ifndef GRAPEVINE_CLINUX_H
#define GRAPEVINE_CLINUX_H
#include <stdint.h>
#endif
