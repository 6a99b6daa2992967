/*
 * "#! interpreter [argument]": the first line names the program that is to run the file, with at most one argument,
 * spaces around both dropped. argv becomes: interpreter, argument if any, the script's path, the old argv from 1 on.
 */
#include "fs/binfmts.h"

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

struct first_line {
    char *interpreter, *argument; /* argument NULL: none */
};

/* Cuts the line in place. False: no interpreter, or its name does not end within the buffer. */
static bool parse_first_line(char *line, struct first_line *parsed)
{
    size_t length = 0;
    while (length < BINPRM_BUF_SIZE - 3 && line[length] && line[length] != '\n')
        length++;
    bool truncated = line[length] != '\n' && length == BINPRM_BUF_SIZE - 3;
    line[length] = 0;
    while (length && is_blank(line[length - 1]))
        line[--length] = 0;
    while (is_blank(*line))
        line++;
    parsed->interpreter = line;
    while (*line && !is_blank(*line))
        line++;
    if (truncated && !*line)
        return false;
    while (is_blank(*line))
        *line++ = 0;
    parsed->argument = *line ? line : NULL;
    return *parsed->interpreter != 0;
}

int load_script(struct linux_binprm *bprm)
{
    struct first_line line;
    char text[BINPRM_BUF_SIZE];
    if (bprm->buf[0] != '#' || bprm->buf[1] != '!')
        return -ENOEXEC;
    memcpy(text, bprm->buf, sizeof(text));
    text[BINPRM_BUF_SIZE - 1] = 0;
    if (!parse_first_line(text + 2, &line))
        return -ENOEXEC;
    int error = remove_arg_zero(bprm);
    if (!error)
        error = copy_string_kernel(bprm, bprm->interp);
    if (!error && line.argument) {
        error = copy_string_kernel(bprm, line.argument);
        bprm->argc++;
    }
    if (!error)
        error = copy_string_kernel(bprm, line.interpreter);
    if (error)
        return error;
    bprm->argc += 2;
    strlcpy(bprm->interp_name, line.interpreter, sizeof(bprm->interp_name));
    bprm->interp = bprm->interp_name;
    error = open_program(bprm, line.interpreter);
    return error ? error : 1;
}
