/* The release. `make dist` and the chart take it from here. */
#ifndef TG_BASE_VERSION_H
#define TG_BASE_VERSION_H

#define TG_VERSION "0.4.0"

#endif
