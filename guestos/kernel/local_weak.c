#include "mm/mm.h"
#include "asm/uaccess.h"
#include "fs/fs.h"
#define W __attribute__((weak))
W void console_init(void){}
W void console_write(const char *b, size_t n){(void)b;(void)n;}
W void parse_mem_options(const char *c){(void)c;}
W void setup_memory(void){}
W void paging_init(void){}
W unsigned long copy_from_user(void *to, const void __user *from, unsigned long n){(void)to;(void)from;return n;}
W unsigned long copy_to_user(void __user *to, const void *from, unsigned long n){(void)to;(void)from;return n;}
W int get_user_u32(u32 *to, const void __user *from){(void)to;(void)from;return -1;}
W int put_user_u32(u32 value, void __user *to){(void)to;(void)value;return -1;}
W struct task_struct *current_task;
W struct task_struct init_task;
W void dump_stack(void){}
