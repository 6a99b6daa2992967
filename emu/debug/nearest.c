/* See nearest.h. The distance is that of Levenshtein, without regard to case; a known word that begins with the wrong
 * one is as near as one letter. */
#include "emu/debug/nearest.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define LONGEST 40u /* longer words are not compared */

static unsigned smaller(unsigned a, unsigned b) { return a < b ? a : b; }

static unsigned distance(const char *left, const char *right) {
    unsigned row[LONGEST + 1];
    size_t columns = strlen(right);
    if (strlen(left) > LONGEST || columns > LONGEST)
        return LONGEST;
    for (unsigned i = 0; i <= columns; i++)
        row[i] = i;
    for (unsigned line = 1; *left; left++, line++) {
        unsigned corner = row[0];
        row[0] = line;
        for (unsigned i = 1; i <= columns; i++) {
            unsigned same = tolower((unsigned char)*left) == tolower((unsigned char)right[i - 1]);
            unsigned changed = corner + !same;
            corner = row[i];
            row[i] = smaller(changed, smaller(row[i], row[i - 1]) + 1);
        }
    }
    return row[columns];
}

struct nearest nearest_begin(const char *wrong) {
    size_t length = strlen(wrong);
    unsigned allowed = length <= 2 ? 1 : length <= 5 ? 2 : 3;
    return (struct nearest){.wrong = wrong, .distance = allowed + 1};
}

void nearest_offer(struct nearest *nearest, const char *known) {
    size_t length = strlen(nearest->wrong);
    unsigned far = distance(nearest->wrong, known);
    if (length >= 2 && strncasecmp(nearest->wrong, known, length) == 0)
        far = smaller(far, 1);
    if (far >= nearest->distance || far >= strlen(known)) /* all letters changed: nothing is left of it */
        return;
    nearest->distance = far;
    nearest->best = known;
}
