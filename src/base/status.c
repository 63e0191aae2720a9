#include "checkrein/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "line_priv.h"

const char *status_name(enum status st)
{
    static const char *const names[] = {
#define X(constant, name) [constant] = (name),
        STATUS_LIST(X)
#undef X
    };
    return (size_t)st < ARRAY_LEN(names) ? names[st] : "unknown";
}

enum status why_fail(struct why *why, enum status st, const char *fmt, ...)
{
    if (why == NULL) {
        return st;
    }
    va_list ap;
    va_start(ap, fmt);
    if (vsnprintf(why->text, sizeof(why->text), fmt, ap) < 0) {
        why->text[0] = '\0';
    }
    va_end(ap);
    line_clean(why->text);
    return st;
}

void why_prefix(struct why *why, const char *fmt, ...)
{
    if (why == NULL) {
        return;
    }
    struct why prefix;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(prefix.text, sizeof(prefix.text), fmt, ap);
    va_end(ap);
    if (n < 0) {
        return;
    }
    struct why old = *why;
    if (snprintf(why->text, sizeof(why->text), "%s: %s", prefix.text, old.text) < 0) {
        *why = old;
    }
    line_clean(why->text);
}

struct err_row {
    int err;
    const char *text;
};

static const struct err_row err_rows[] = {
    {0,               "no error"                         },
    {EPERM,           "operation not permitted"          },
    {ENOENT,          "no such file or folder"           },
    {ESRCH,           "no such process"                  },
    {EINTR,           "interrupted by a signal"          },
    {EIO,             "input/output error"               },
    {ENXIO,           "no such device or address"        },
    {E2BIG,           "argument list too long"           },
    {ENOEXEC,         "not an executable format"         },
    {EBADF,           "bad file descriptor"              },
    {ECHILD,          "no child process"                 },
    {EAGAIN,          "temporarily unavailable"          },
    {ENOMEM,          "out of memory"                    },
    {EACCES,          "permission denied"                },
    {EFAULT,          "bad address"                      },
    {EBUSY,           "device or resource busy"          },
    {EEXIST,          "exists already"                   },
    {EXDEV,           "on different file systems"        },
    {ENODEV,          "no such device"                   },
    {ENOTDIR,         "not a folder"                     },
    {EISDIR,          "is a folder"                      },
    {EINVAL,          "invalid argument"                 },
    {ENFILE,          "too many open files in the system"},
    {EMFILE,          "too many open files"              },
    {ENOTTY,          "not a terminal"                   },
    {ETXTBSY,         "program file is in use"           },
    {EFBIG,           "file too large"                   },
    {ENOSPC,          "no space left on the device"      },
    {ESPIPE,          "cannot seek"                      },
    {EROFS,           "read-only file system"            },
    {EMLINK,          "too many links"                   },
    {EPIPE,           "broken pipe"                      },
    {EDOM,            "argument outside the domain"      },
    {ERANGE,          "result out of range"              },
    {EDEADLK,         "would deadlock"                   },
    {ENAMETOOLONG,    "file name too long"               },
    {ENOLCK,          "no locks available"               },
    {ENOSYS,          "not implemented by the system"    },
    {ENOTEMPTY,       "folder not empty"                 },
    {ELOOP,           "too many symbolic links"          },
    {ENODATA,         "no data available"                },
    {ETIME,           "timer expired"                    },
    {EPROTO,          "protocol error"                   },
    {EBADMSG,         "bad message"                      },
    {EOVERFLOW,       "value too large"                  },
    {EILSEQ,          "invalid byte sequence"            },
    {EUSERS,          "too many users"                   },
    {ENOTSOCK,        "not a socket"                     },
    {EDESTADDRREQ,    "destination address needed"       },
    {EMSGSIZE,        "message too long"                 },
    {EPROTOTYPE,      "wrong protocol for the socket"    },
    {ENOPROTOOPT,     "protocol option not available"    },
    {EPROTONOSUPPORT, "protocol not supported"           },
    {EOPNOTSUPP,      "operation not supported"          },
    {EAFNOSUPPORT,    "address family not supported"     },
    {EADDRINUSE,      "address in use already"           },
    {EADDRNOTAVAIL,   "address not available here"       },
    {ENETDOWN,        "network is down"                  },
    {ENETUNREACH,     "network unreachable"              },
    {ENETRESET,       "connection dropped by the network"},
    {ECONNABORTED,    "connection aborted"               },
    {ECONNRESET,      "connection reset by the peer"     },
    {ENOBUFS,         "no buffer space"                  },
    {EISCONN,         "connected already"                },
    {ENOTCONN,        "not connected"                    },
    {ESHUTDOWN,       "socket is shut down"              },
    {ETIMEDOUT,       "connection timed out"             },
    {ECONNREFUSED,    "connection refused"               },
    {EHOSTDOWN,       "host is down"                     },
    {EHOSTUNREACH,    "no route to the host"             },
    {EALREADY,        "in progress already"              },
    {EINPROGRESS,     "now in progress"                  },
    {ESTALE,          "stale file handle"                },
    {EDQUOT,          "disk quota exceeded"              },
    {ECANCELED,       "cancelled"                        },
    {EOWNERDEAD,      "owner died"                       },
    {ENOTRECOVERABLE, "state not recoverable"            },
};

const char *err_text(int err)
{
    static _Thread_local char other[32];
    for (size_t i = 0; i < ARRAY_LEN(err_rows); i++) {
        if (err_rows[i].err == err) {
            return err_rows[i].text;
        }
    }
    (void)snprintf(other, sizeof(other), "errno %d", err);
    return other;
}
