/* color_priv.h - light, for contrast and for the tests of the themes.
 */
#ifndef CHECKREIN_THEME_COLOR_PRIV_H
#define CHECKREIN_THEME_COLOR_PRIV_H

/* The light, 0 to 1, of an sRGB level 0..255. */
double color_linear(int level);

#endif
