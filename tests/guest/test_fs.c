/* Names, ramfs and the initramfs on the host: no leak whatever allocation fails, no archive that is read too far. */
#include "world.h"
#include "fs/vfs.h"
#include "fs/syscalls.h"

void *malloc(unsigned long size);
void free(void *p);

/* ---- a tree of its own, that goes away whole ---- */

static struct super_block *sandbox;
static struct fs_struct here;

static void boot(void)
{
    world_boot(32 * MIB, NULL);
    current->fsuid = current->euid = 0;
    vfs_init();
}

static void enter(void)
{
    sandbox = ramfs_super("ramfs", "sandbox");
    CHECK(!IS_ERR(sandbox));
    here = (struct fs_struct){.umask = 022, .root = dget(sandbox->s_root), .pwd = dget(sandbox->s_root)};
    current->fs = &here;
}

static void leave(void)
{
    current->fs = NULL;
    dput(here.root);
    dput(here.pwd);
    sandbox->kill(sandbox);
    d_prune_super(sandbox);
    CHECK_EQ(sandbox->s_root->d_count.counter, 1);
    dput(sandbox->s_root);
    free_super(sandbox);
}

/* ---- names ---- */

static void write_file(const char *path, const char *text)
{
    struct file *file = filp_open(path, O_CREAT | O_RDWR | O_LARGEFILE, 0644);
    if (IS_ERR(file))
        return;
    kernel_write(file, 0, text, strlen(text));
    kernel_write(file, 100000, text, strlen(text));
    fput(file);
}

/* Every kind of operation once; each may fail for want of memory and must then leave nothing behind. */
static void all_operations(void)
{
    sys_mkdir("/a", 0755);
    sys_mkdir("/a/b", 0755);
    write_file("/a/b/file", "contents");
    sys_link("/a/b/file", "/a/second");
    sys_symlink("b/file", "/a/link");
    sys_symlink("/a/link", "/link2");
    write_file("/link2", "through two links");
    sys_mknod("/a/fifo", S_IFIFO | 0600, 0);
    sys_chdir("/a/b");
    sys_rename("file", "../renamed");
    sys_rename("/a/b", "/moved");
    sys_rename("/a/second", "/a/renamed");
    sys_truncate("/a/renamed", 5);
    sys_truncate("/a/link", 70000);
    sys_access("/moved/absent", 0);
    sys_mkdir("sub", 0700);
    sys_rmdir("/moved/sub");
    sys_unlink("/a/link");
    struct file *file = shmem_file_setup(10000);
    if (!IS_ERR(file)) {
        kernel_write(file, 5000, "x", 1);
        fput(file);
    }
}

static void operations_work(void)
{
    boot();
    enter();
    all_operations();
    CHECK_EQ(sys_access("/a/renamed", 0), 0);
    CHECK_EQ(sys_access("/moved", 0), 0);
    CHECK_EQ(sys_access("/a/b", 0), -ENOENT);
    CHECK_EQ(sys_access("/a/link", 0), -ENOENT);
    struct file *file = filp_open("/a/renamed", O_RDONLY, 0);
    char text[16] = {0};
    CHECK(!IS_ERR(file));
    CHECK_EQ(file->f_inode->i_size, 5);
    CHECK_EQ(file->f_inode->i_nlink, 2);
    CHECK_EQ(kernel_read(file, 0, text, sizeof(text)), 5);
    CHECK(memcmp(text, "throu", 5) == 0);
    fput(file);
    leave();
}

static void no_leak_without_memory(void)
{
    boot();
    enter();
    all_operations();
    leave();
    struct resources before = resources_now();
    unsigned n = 0;
    do {
        enter();
        fail_allocation(++n);
        all_operations();
        bool done = !allocation_failed();
        fail_allocation(0);
        leave();
        check_resources(&before, "operations without memory");
        if (done)
            break;
    } while (n < 5000);
    CHECKF(n > 40 && n < 5000, "%u allocations", n);
}

/* ---- the initramfs ---- */

static u8 archive[16384];
static u32 archive_size;
static bool whole[sizeof(archive) + 1]; /* an archive cut to this size is complete */

static void put_bytes(const void *bytes, u32 count)
{
    memcpy(archive + archive_size, bytes, count);
    archive_size += count;
    while (archive_size % 4)
        archive[archive_size++] = 0;
}

static void put_entry(const char *name, u32 ino, u32 links, u32 mode, const char *data)
{
    char head[400];
    u32 length =
        (u32)snprintf(head, sizeof(head), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s", ino, mode, 0u,
                      0u, links, 77u, (u32)strlen(data), 0u, 0u, 5u, 1u, (u32)strlen(name) + 1, 0u, name);
    u32 end = archive_size + length + 1;
    put_bytes(head, length + 1);
    if (*data)
        end = archive_size + (u32)strlen(data);
    put_bytes(data, (u32)strlen(data));
    for (u32 size = end; size <= archive_size; size++)
        whole[size] = strcmp(name, "TRAILER!!!") == 0;
}

static void make_archive(void)
{
    archive_size = 0;
    put_entry(".", 1, 2, S_IFDIR | 0755, "");
    put_entry("dir", 2, 2, S_IFDIR | 0711, "");
    put_entry("dir/file", 3, 1, S_IFREG | 0640, "some bytes");
    put_entry("missing/parents/file", 4, 1, S_IFREG | 0600, "deep");
    put_entry("one", 5, 3, S_IFREG | 0644, "");
    put_entry("two", 5, 3, S_IFREG | 0644, "");
    put_entry("dir/three", 5, 3, S_IFREG | 0644, "linked");
    put_entry("symlink", 6, 1, S_IFLNK | 0777, "dir/file");
    put_entry("console", 7, 1, S_IFCHR | 0600, "");
    put_entry("TRAILER!!!", 0, 1, 0, "");
    for (int i = 0; i < 512; i++) {
        archive[archive_size++] = 0;
        whole[archive_size] = true;
    }
    put_entry("/./dir//file", 3, 1, S_IFREG | 0755, "replaced by the second archive");
    put_entry("five", 5, 1, S_IFREG | 0644, "same inode number, another archive");
    put_entry("TRAILER!!!", 0, 1, 0, "");
}

static u8 *copied;
static size_t copied_bytes, read_before;

/* What has been read may belong to somebody else at once. */
static void overwrite_read(size_t bytes)
{
    CHECK(bytes >= read_before && bytes <= copied_bytes);
    memset(copied, 0xee, bytes);
    read_before = bytes;
}

/* From memory of exactly its size: one byte read behind it ends the test. */
static int unpack_copy(const u8 *bytes, u32 size)
{
    u8 *copy = malloc(size ? size : 1);
    memcpy(copy, bytes, size);
    copied = copy;
    copied_bytes = size;
    read_before = 0;
    int error = unpack_initramfs(copy, size, overwrite_read);
    free(copy);
    return error;
}

static void check_file(const char *path, u32 mode, const char *text)
{
    struct file *file = filp_open(path, O_RDONLY, 0);
    char bytes[64] = {0};
    CHECKF(!IS_ERR(file), "%s", path);
    CHECK_EQ(file->f_inode->i_mode, mode);
    CHECK_EQ(file->f_inode->i_size, strlen(text));
    CHECK_EQ(kernel_read(file, 0, bytes, sizeof(bytes)), strlen(text));
    CHECKF(strcmp(bytes, text) == 0, "%s holds '%s'", path, bytes);
    fput(file);
}

static void archive_is_unpacked(void)
{
    struct nameidata nd;
    boot();
    enter();
    make_archive();
    CHECK_EQ(unpack_copy(archive, archive_size), 0);
    check_file("/dir/file", S_IFREG | 0755, "replaced by the second archive");
    check_file("/symlink", S_IFREG | 0755, "replaced by the second archive");
    check_file("/missing/parents/file", S_IFREG | 0600, "deep");
    check_file("/one", S_IFREG | 0644, "linked");
    check_file("/dir/three", S_IFREG | 0644, "linked");
    check_file("/five", S_IFREG | 0644, "same inode number, another archive");
    CHECK_EQ(path_lookup(AT_FDCWD, "/two", 0, &nd), 0);
    CHECK_EQ(nd.dentry->d_inode->i_nlink, 3);
    dput(nd.dentry);
    CHECK_EQ(path_lookup(AT_FDCWD, "/console", 0, &nd), 0);
    CHECK_EQ(nd.dentry->d_inode->i_rdev, MKDEV(5, 1));
    CHECK_EQ(nd.dentry->d_inode->i_mtime.tv_sec, 77);
    dput(nd.dentry);
    leave();
}

static void cut_archives_are_refused(void)
{
    boot();
    make_archive();
    enter();
    unpack_copy(archive, archive_size); /* caches that keep a first slab's book have it from here on */
    leave();
    struct resources before = resources_now();
    for (u32 size = 0; size < archive_size; size++) {
        enter();
        int error = unpack_copy(archive, size);
        CHECKF(error == (whole[size] ? 0 : -EINVAL), "cut to %u bytes: %d", size, error);
        leave();
    }
    enter();
    CHECK_EQ(unpack_copy(archive, 0), -EINVAL);
    CHECK_EQ(unpack_copy(archive, 200), -EINVAL);
    CHECK_EQ(unpack_copy((const u8 *)"\x1f\x8b\x08 a gzip file is not unpacked", 32), -EINVAL);
    leave();
    check_resources(&before, "cut archives");
}

static void names_cannot_leave_the_tree(void)
{
    boot();
    enter();
    archive_size = 0;
    put_entry("dir/../../etc", 1, 1, S_IFREG | 0644, "x");
    put_entry("TRAILER!!!", 0, 1, 0, "");
    CHECK_EQ(unpack_copy(archive, archive_size), -EINVAL);
    archive_size = 0;
    put_entry("..", 1, 1, S_IFDIR | 0755, "");
    put_entry("TRAILER!!!", 0, 1, 0, "");
    CHECK_EQ(unpack_copy(archive, archive_size), -EINVAL);
    leave();
}

static void any_bytes_are_survived(void)
{
    static const char digits[] = "0123456789abcdefABCDEFg/.\0";
    static u8 damaged[sizeof(archive)];
    unsigned refused = 0;
    boot();
    make_archive();
    enter();
    unpack_copy(archive, archive_size); /* caches that keep a first slab's book have it from here on */
    leave();
    struct resources before = resources_now();
    for (unsigned round = 0; round < 4000; round++) {
        memcpy(damaged, archive, archive_size);
        for (u32 changes = random_u32() % 6 + 1; changes; changes--)
            damaged[random_u32() % archive_size] =
                round % 2 ? (u8)random_u32() : (u8)digits[random_u32() % (sizeof(digits) - 1)];
        enter();
        refused += unpack_copy(damaged, archive_size - (round % 3 ? 0 : random_u32() % archive_size)) != 0;
        leave();
    }
    CHECKF(refused > 500, "only %u of 4000 were refused", refused);
    check_resources(&before, "damaged archives");
}

static void unpacking_without_memory_leaks_nothing(void)
{
    boot();
    make_archive();
    enter();
    unpack_copy(archive, archive_size);
    leave();
    struct resources before = resources_now();
    unsigned n = 0;
    for (bool done = false; !done && n < 5000;) {
        enter();
        fail_allocation(++n);
        int error = unpack_copy(archive, archive_size);
        done = !allocation_failed();
        fail_allocation(0);
        CHECKF(done == (error == 0), "allocation %u failed, result %d", n, error);
        leave();
        check_resources(&before, "unpacking without memory");
    }
    CHECKF(n > 40 && n < 5000, "%u allocations", n);
}

int main(void)
{
    tap_run("operations on names do what they say", operations_work);
    tap_run("operations without memory leave nothing behind", no_leak_without_memory);
    tap_run("an archive is unpacked", archive_is_unpacked);
    tap_run("an archive cut anywhere is refused", cut_archives_are_refused);
    tap_run("names with .. are refused", names_cannot_leave_the_tree);
    tap_run("any bytes as an archive are survived", any_bytes_are_survived);
    tap_run("unpacking without memory leaves nothing behind", unpacking_without_memory_leaks_nothing);
    return tap_done();
}
