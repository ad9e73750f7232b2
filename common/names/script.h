/* script.h - whether a label in Unicode can be shown to people without misleading them (Unicode Technical Standard 39,
 * stricter than its section 5.2): letters and digits of one writing system, and not all of them ones that look like
 * Latin letters. IDNA2008 keeps symbols, controls and whatever has no shape of its own out of names, but for a few
 * signs that are fine in their context; those are refused here.
 */
#ifndef MXG_SCRIPT_H
#define MXG_SCRIPT_H

#include <stdbool.h>

/* name: valid UTF-8 in lower case; labels are parted by dots. */
bool script_is_plain(const char *name);

#endif
