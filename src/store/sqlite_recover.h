/* SPDX-License-Identifier: MIT */
/* What the writer does when a commit fails, and how it opens its connection at any time. */
#ifndef STORE_SQLITE_RECOVER_H
#define STORE_SQLITE_RECOVER_H

#include "store/sqlite_writer.h"

enum { SQLITE_RECOVER_RETRY_MS = 1000 };

/* Open the connection of ${w} and read the store's state.  Returns as sqlite_db_open_writer(). */
MUST_CHECK
int sqlite_recover_open(struct sqlite_writer *w, char *error, size_t error_len);

/*
 * A transaction failed with ${rc}: undo it.  Returns what to tell those who were in it: ERR_FULL or
 * ERR_STORE if it certainly did not happen, ERR_UNKNOWN_OUTCOME if it may come back after a crash.
 */
MUST_CHECK
int sqlite_recover_undo(struct sqlite_writer *w, int rc);

/*
 * If what ERR_UNKNOWN_OUTCOME was told of still is not known, try again to make sure that it did
 * not happen.  Returns whether nothing of the kind is left; until then the writer runs no job.
 */
MUST_CHECK
bool sqlite_recover_settle(struct sqlite_writer *w);

/*
 * After sqlite_recover_undo(), with the same ${rc}: a full disk is left at that.  Of other failures
 * the second in a row stops writing; after the first the file is opened anew and looked through,
 * and writing stops if that fails.  What was not known by then has happened if the file has it.
 */
void sqlite_recover_reopen(struct sqlite_writer *w, int rc);

/* Writing has stopped: if it is time, open the file anew and go on if it is sound. */
void sqlite_recover_retry(struct sqlite_writer *w);

#endif
