/* SPDX-License-Identifier: MIT */
/*
 * What watches over the server asks: does it live, does its store answer.
 */
#ifndef API_HEALTH_H
#define API_HEALTH_H

#include "api/call.h"

void health_alive(struct api_call *call);
void health_ready(struct api_call *call);

#endif
