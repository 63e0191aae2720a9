/* banned.h - functions that this project does not call; force-included into every source of ours.
 *
 * Each has a safer form here: snprintf or buf_printf for the string builders, num_parse (num.h) for
 * the number parsers, posix_spawn for the shells, err_text (status.h) for strerror, and
 * time_format and time_parse (num.h) for the calendar.
 */
#ifndef CHECKREIN_BANNED_H
#define CHECKREIN_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* With _FORTIFY_SOURCE clang gets these two as macros, and a macro cannot be poisoned. */
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok
#pragma GCC poison atoi atol atof system popen localtime gmtime ctime asctime strerror tmpnam mktemp

#endif
