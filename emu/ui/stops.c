/* What lies over the panels while a line is typed: the list of stops, the search. */
#include "emu/ui/panel.h"

void paint_stops(struct painter *painter) { (void)painter; }
void paint_search(struct painter *painter) { (void)painter; }
