#include "http1_priv.h"

const char *http1_reason(int status)
{
    static const struct {
        int status;
        const char *words;
    } reasons[] = {
        {200, "OK"                             },
        {202, "Accepted"                       },
        {204, "No Content"                     },
        {400, "Bad Request"                    },
        {401, "Unauthorized"                   },
        {403, "Forbidden"                      },
        {404, "Not Found"                      },
        {405, "Method Not Allowed"             },
        {408, "Request Timeout"                },
        {409, "Conflict"                       },
        {410, "Gone"                           },
        {411, "Length Required"                },
        {413, "Content Too Large"              },
        {415, "Unsupported Media Type"         },
        {417, "Expectation Failed"             },
        {421, "Misdirected Request"            },
        {422, "Unprocessable Content"          },
        {426, "Upgrade Required"               },
        {429, "Too Many Requests"              },
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"          },
        {501, "Not Implemented"                },
        {502, "Bad Gateway"                    },
        {503, "Service Unavailable"            },
        {504, "Gateway Timeout"                },
        {505, "HTTP Version Not Supported"     },
    };
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        if (reasons[i].status == status) {
            return reasons[i].words;
        }
    }
    return "Answer";
}

enum status http1_write_reply(struct buf *out, const struct http1_reply *r)
{
    (void)buf_printf(out, "HTTP/1.1 %d %s\r\n", r->status, http1_reason(r->status));
    if (r->content_type != NULL) {
        (void)buf_printf(out, "Content-Type: %s\r\n", r->content_type);
    }
    if (r->status != 204) {
        (void)buf_printf(out, "Content-Length: %zu\r\n", r->body.n);
    }
    (void)buf_printf(out, "Cache-Control: no-store\r\n%sConnection: %s\r\n\r\n",
                     r->extra != NULL ? r->extra : "", r->keep_alive ? "keep-alive" : "close");
    if (!r->head_only && r->status != 204) {
        (void)buf_add(out, r->body);
    }
    return buf_status(out);
}
