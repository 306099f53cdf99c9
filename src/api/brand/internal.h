/* SPDX-License-Identifier: MIT */
/*
 * The rules for the members of brand.json.  The page has the same (web/src/model/brand.ts).
 */
#ifndef API_BRAND_INTERNAL_H
#define API_BRAND_INTERNAL_H

#include "base/buf.h"
#include "base/text/json.h"

enum { BRAND_LOGO_NAME_MAX = 64 };

/*
 * Check the members of ${brand}.  Returns 0; or ERR_CONFIG with a text in ${reason} that begins
 * with the name of the member.
 */
MUST_CHECK
int brand_check(const json_t *brand, struct buf *reason);

/*
 * The type of the image in ${logo}, whose file name is ${name}: a PNG or an SVG.  Returns NULL if
 * it is not what its name says.
 */
const char *brand_logo_type(const char *name, const struct buf *logo);

#endif
