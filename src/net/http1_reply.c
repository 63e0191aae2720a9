#include "http1_priv.h"

const char *http1_reason(int status)
{
    static const struct {
        int status;
        const char *words;
    } reasons[] = {
        {200, "OK"                             },
        {201, "Created"                        },
        {202, "Accepted"                       },
        {206, "Partial Content"                },
        {304, "Not Modified"                   },
        {402, "Payment Required"               },
        {406, "Not Acceptable"                 },
        {412, "Precondition Failed"            },
        {414, "URI Too Long"                   },
        {529, "Overloaded"                     },
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

bool http1_has_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

static enum status write_fields(struct buf *out, const struct http_field *f, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!http1_is_token(f[i].name) || !http1_is_value(f[i].value) ||
            http_field_is_framing(f[i].name)) {
            return ST_INVALID;
        }
        (void)buf_printf(out, "%.*s: %.*s\r\n", SPAN_ARG(f[i].name), SPAN_ARG(f[i].value));
    }
    return ST_OK;
}

enum status http1_write_head(struct buf *out, const struct http1_stream *s)
{
    const struct http_answer *a = s->answer;
    size_t before = out->len;
    (void)buf_printf(out, "HTTP/1.1 %d %s\r\n", a->http_status, http1_reason(a->http_status));
    enum status st = write_fields(out, a->fields, a->field_count);
    if (s->chunked) {
        (void)buf_addstr(out, "Transfer-Encoding: chunked\r\n");
    } else if (a->length >= 0 && a->http_status != 204) {
        (void)buf_printf(out, "Content-Length: %lld\r\n", (long long)a->length);
    }
    (void)buf_printf(out, "Connection: %s\r\n\r\n", s->keep_alive ? "keep-alive" : "close");
    st = st == ST_OK ? buf_status(out) : st;
    if (st != ST_OK) {
        buf_truncate(out, before);
    }
    return st;
}
