/* listing.c - what is generated from the tables: keys and the protocol's schema. */
#include "app_priv.h"

#include "checkrein/codec.h"
#include "checkrein/view.h"

static int print(struct buf *b, enum status st)
{
    bool ok = st == ST_OK && fwrite(b->data, 1, b->len, stdout) == b->len && fflush(stdout) == 0;
    buf_release(b);
    return ok ? EXIT_DONE : EXIT_TROUBLE;
}

int cmd_keys(struct args *a)
{
    (void)a;
    struct buf b;
    buf_init(&b, (size_t)1 << 20);
    struct ui_options o = {.operator_label = "", .version = CHECKREIN_VERSION};
    struct ui *ui = ui_new(&o);
    enum status st = view_keys_text(ui, &b);
    ui_free(ui);
    return print(&b, st);
}

int cmd_schema(struct args *a)
{
    (void)a;
    struct buf b;
    buf_init(&b, (size_t)4 << 20);
    return print(&b, codec_write_schema(&b));
}
