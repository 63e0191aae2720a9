/* file_priv.h - what the parts of the file module share. */
#ifndef CHECKREIN_BASE_FILE_PRIV_H
#define CHECKREIN_BASE_FILE_PRIV_H

#include "checkrein/status.h"

/* The status that errno stands for, with a reason that names what was tried on which path. */
enum status file_failed(struct why *why, const char *what, const char *path);

#endif
