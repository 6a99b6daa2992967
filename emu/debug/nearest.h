/* The known word that somebody probably meant: the one that few changes of a letter turn a wrong word into. */
#ifndef FAULTLINE_DEBUG_NEAREST_H
#define FAULTLINE_DEBUG_NEAREST_H

struct nearest {
    const char *wrong;
    const char *best; /* NULL: none is near enough */
    unsigned distance;
};

struct nearest nearest_begin(const char *wrong);
/* known must outlive the search. */
void nearest_offer(struct nearest *nearest, const char *known);

#endif
