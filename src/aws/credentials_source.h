/* SPDX-License-Identifier: MIT */
/*
 * The sources that credentials.h asks in turn.  Each returns 1 with ${out} filled; 0 if it is not
 * set up here; or ERR_STORE if it is set up and has no usable keys now.  The caller zeroes ${out}
 * before the call and wipes it after.
 */
#ifndef AWS_CREDENTIALS_SOURCE_H
#define AWS_CREDENTIALS_SOURCE_H

#include "aws/credentials.h"

MUST_CHECK
int aws_credentials_from_env(const struct aws_credentials_config *o, struct aws_keys *out);
MUST_CHECK
int aws_credentials_from_web_identity(const struct aws_credentials_config *o, struct aws_keys *out);
MUST_CHECK
int aws_credentials_from_container(const struct aws_credentials_config *o, struct aws_keys *out);
MUST_CHECK
int aws_credentials_from_instance(const struct aws_credentials_config *o, struct aws_keys *out);
MUST_CHECK
int aws_credentials_from_profile(const struct aws_credentials_config *o, struct aws_keys *out);

/* Read section ${profile} of the credentials file ${text} into ${out}.  Returns 1, 0
 * or ERR_STORE. */
MUST_CHECK
int aws_credentials_parse_profile(const char *text, const char *profile, struct aws_keys *out);

/* Read ${json}, a response of the container's endpoint or of IMDSv2, into ${out}.  Returns 1 or
 * ERR_STORE. */
MUST_CHECK
int aws_credentials_parse_json(const struct buf *json, struct aws_keys *out);

/* Copy the ${len} characters at ${text} to ${out}, which has ${room} bytes.  Returns whether they
 * fit, are not empty, and can stand in a header: ASCII without blanks and control characters. */
MUST_CHECK
bool aws_credentials_copy(const char *text, size_t len, char *out, size_t room);

/*
 * Append the file at ${path} to ${out}, without white space at its end.  It must be a regular file
 * that others cannot write, and fit ${out}; otherwise it is refused and the log says why.  Returns
 * 1, 0 if there is no such file, or ERR_STORE.
 */
MUST_CHECK
int aws_credentials_read_file(const char *path, struct buf *out);

/*
 * Append to ${out} the value of variable ${name}, or the content of the file ${name} in the
 * directory CREDENTIALS_DIRECTORY.  Returns 1; 0 if there is neither; or ERR_STORE, also if there
 * are both.
 */
MUST_CHECK
int aws_credentials_value(const struct aws_env *env, const char *name, struct buf *out);

#endif
