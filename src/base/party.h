/* SPDX-License-Identifier: MIT */
/* Who has a share of something that is scarce: a client, and the network that it shares with
 * others.  The bytes are only compared. */
#ifndef BASE_PARTY_H
#define BASE_PARTY_H

#include <stdint.h>

struct party {
    uint8_t client[16];
    uint8_t network[16];
};

#endif
