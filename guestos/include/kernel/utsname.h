/* What uname and /proc/version say. glibc refuses a release below 3.2. */
#ifndef _KERNEL_UTSNAME_H
#define _KERNEL_UTSNAME_H

#define UTS_SYSNAME "Linux"
#define UTS_NODENAME "faultline"
#define UTS_RELEASE "6.1.0-faultline"
#define UTS_VERSION "#1"
#define UTS_MACHINE "i686"

#endif
