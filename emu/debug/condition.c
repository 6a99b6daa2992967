/* Parsing and matching of stop conditions: see condition.h. */
#include "emu/debug/condition.h"

#include <stdio.h>

const struct condition_kind *condition_kinds(size_t *count) {
    *count = 0;
    return NULL;
}
struct condition *condition_parse(const char *text, char *error, size_t error_size) {
    snprintf(error, error_size, "there is no condition '%s'", text);
    return NULL;
}
void condition_free(struct condition *condition) { (void)condition; }
bool condition_on_fault(const struct condition *condition, const struct story_fault *fault) {
    (void)condition, (void)fault;
    return false;
}
bool condition_on_event(const struct condition *condition, const struct flt_record *record, const char *comm) {
    (void)condition, (void)record, (void)comm;
    return false;
}
bool condition_on_entry(const struct condition *condition, const struct condition_entry *entry) {
    (void)condition, (void)entry;
    return false;
}
struct condition_needs condition_needs(const struct condition *condition) {
    (void)condition;
    return (struct condition_needs){0};
}
