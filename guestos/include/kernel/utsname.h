/* What uname and /proc/version say. glibc refuses a release below 3.2. */
#ifndef _KERNEL_UTSNAME_H
#define _KERNEL_UTSNAME_H

#define UTS_SYSNAME "Linux"
#define UTS_NODENAME "faultline"
#define UTS_RELEASE "6.1.0-faultline"
#define UTS_VERSION "#1"
#define UTS_MACHINE "i686"

/* As uname gives it to programs. */
#define UTS_BYTES 65
struct utsname {
    char sysname[UTS_BYTES], nodename[UTS_BYTES], release[UTS_BYTES], version[UTS_BYTES], machine[UTS_BYTES],
        domainname[UTS_BYTES];
};
extern struct utsname system_name; /* kernel/sys.c */

#endif
