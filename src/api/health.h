/* SPDX-License-Identifier: MIT */
/*
 * Handlers for health checks: health_alive() responds while the process runs, and health_ready() if
 * its stores respond, too.
 */
#ifndef API_HEALTH_H
#define API_HEALTH_H

#include "api/call.h"

void health_alive(struct api_call *call);
void health_ready(struct api_call *call);

#endif
