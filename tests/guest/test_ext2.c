/*
 * ext2 on the host: images of mke2fs, whole and damaged, mounted from a disk in memory through the real block and
 * buffer layers. A damaged one may refuse, fail and become read-only; it may not make the kernel panic, hang, leak or
 * touch memory that is not its own.
 */
#include "world.h"
#include "block/request.h"
#include "fs/buffer_head.h"
#include "fs/ext2_fs.h"
#include "fs/syscalls.h"
#include "fs/vfs.h"

void *malloc(unsigned long size);
void free(void *p);
char *getenv(const char *name);
int atoi(const char *s);
int system(const char *command);
unsigned alarm(unsigned seconds);
typedef struct _IO_FILE FILE;
FILE *fopen(const char *path, const char *mode);
unsigned long fread(void *to, unsigned long size, unsigned long n, FILE *file);
unsigned long fwrite(const void *from, unsigned long size, unsigned long n, FILE *file);
int fclose(FILE *file);
int getpid(void);

#define DISK_BYTES (2 * MIB)

/* ---- the disk ---- */

static u8 disk[DISK_BYTES], pristine[DISK_BYTES];
static unsigned long flushes, transfers;

static void transfer(const struct request *rq)
{
    u8 *at = disk + rq->sector * 512;
    for (const struct bio *bio = rq->bio; bio; bio = bio->bi_next) {
        CHECK(at == disk + bio->bi_sector * 512);
        for (unsigned i = 0; i < bio->bi_vcnt; i++) {
            const struct bio_vec *vec = &bio->bi_io_vec[i];
            u8 *memory = (u8 *)page_address(vec->bv_page) + vec->bv_offset;
            if (rq->rw == WRITE)
                memcpy(at, memory, vec->bv_len);
            else
                memcpy(memory, at, vec->bv_len);
            at += vec->bv_len;
        }
    }
}

static void disk_request(struct request_queue *q)
{
    struct request *rq;
    while ((rq = blk_peek_request(q))) {
        blk_start_request(rq);
        transfers++;
        if (rq->rw == REQ_FLUSH)
            flushes++;
        else
            transfer(rq);
        end_request(rq, 0);
    }
}

/* Who sleeps waits for the disk, and the disk is as fast as it is asked. */
static void let_disk_work(void)
{
    static unsigned in_vain;
    static unsigned long before;
    in_vain = transfers == before ? in_vain + 1 : 0;
    before = transfers;
    CHECKF(in_vain < 100, "%s", "it sleeps for ever");
    blk_run_all_queues();
}

static void boot(void)
{
    world_boot(32 * MIB, NULL);
    while_sleeping = let_disk_work;
    current->fsuid = current->euid = 0;
    vfs_init();
    block_init();
    struct request_queue *q = blk_init_queue(disk_request, NULL);
    CHECK(q != NULL);
    q->can_flush = true;
    struct block_device *bdev = alloc_disk("vda", MKDEV(VIRTIO_BLK_MAJOR, 0), DISK_BYTES / 512, q);
    CHECK(bdev != NULL);
    CHECK_EQ(add_disk(bdev), 0);
    CHECK_EQ(sys_mkdir("/mnt", 0755), 0);
}

/* ---- images ---- */

static const char *const shapes[] = {"-b 1024", "-b 4096", "-b 1024 -I 128 -g 512", "-b 2048 -r 0 -O none"};

static void make_image(unsigned shape)
{
    char command[800], path[64];
    snprintf(path, sizeof(path), "/tmp/faultline-ext2-%d", getpid());
    snprintf(command, sizeof(command),
             "set -e; exec >/dev/null; p=%s; rm -rf $p $p.d; mkdir -p $p.d/a/b/c $p.d/empty; cd $p.d;"
             "for i in 1 2 3 4 5 6 7 8 9; do echo file $i > a/file$i; done; ln a/file1 a/b/hard;"
             "seq 1 60000 > a/b/big; ln -s ../a short; ln -s %0100d long; mkfifo fifo; truncate -s 100M a/b/sparse;"
             "mke2fs -q -F -t ext2 %s -d $p.d $p 2M; rm -rf $p.d",
             path, 7, shapes[shape % ARRAY_SIZE(shapes)]);
    CHECKF(system(command) == 0, "mke2fs %s", shapes[shape % ARRAY_SIZE(shapes)]);
    FILE *file = fopen(path, "r");
    CHECK(file && fread(pristine, 1, DISK_BYTES, file) == DISK_BYTES);
    fclose(file);
    snprintf(command, sizeof(command), "rm -f %s", path);
    CHECK_EQ(system(command), 0);
}

/* What e2fsck -fn says of the disk: its exit status. */
static int judge(void)
{
    char command[600], path[64];
    snprintf(path, sizeof(path), "/tmp/faultline-ext2-%d", getpid());
    FILE *file = fopen(path, "w");
    CHECK(file && fwrite(disk, 1, DISK_BYTES, file) == DISK_BYTES);
    fclose(file);
    snprintf(command, sizeof(command),
             "e2fsck -fn %s > %s.log 2>&1; s=$?; [ $s = 0 ] || cat %s.log >&2; rm -f %s %s.log; exit $s", path, path,
             path, path, path);
    return system(command) >> 8;
}

/* The image as mke2fs left it; the kernel remembers nothing of what was there before. */
static void put_image(void)
{
    memcpy(disk, pristine, DISK_BYTES);
    struct block_device *bdev = blkdev_find(MKDEV(VIRTIO_BLK_MAJOR, 0));
    CHECK_EQ(set_blocksize(bdev, 512), 0);
    CHECK_EQ(set_blocksize(bdev, 4096), 0);
    CHECK_EQ(bdev->bd_inode->i_mapping->nrpages, 0);
}

static long mount_disk(u32 flags) { return sys_mount("/dev/vda", "/mnt", "ext2", flags, NULL); }

/* ---- everything that programs do ---- */

struct walker {
    struct dir_context context;
    char path[1024];
    unsigned depth, seen;
    char child[20][NAME_MAX + 1];
    unsigned children;
};

static bool take_name(struct dir_context *context, const char *name, int length, u32 ino, unsigned type)
{
    struct walker *w = container_of(context, struct walker, context);
    (void)ino, (void)type;
    if ((length == 1 && name[0] == '.') || (length == 2 && name[0] == '.' && name[1] == '.'))
        return true;
    if (w->children == ARRAY_SIZE(w->child))
        return false;
    memcpy(w->child[w->children], name, (size_t)length);
    w->child[w->children++][length] = '\0';
    return true;
}

static void read_file(struct file *file)
{
    static u8 bytes[3000];
    loff_t pos = 0;
    for (int i = 0; i < 200 && kernel_read(file, pos, bytes, sizeof(bytes)) > 0; i++)
        pos += sizeof(bytes);
    kernel_read(file, file->f_inode->i_size - 10, bytes, 10);
}

/* Lists, reads and follows everything, as far as it goes. */
static unsigned visit(const char *path, unsigned depth)
{
    struct nameidata nd;
    char link[PATH_MAX];
    unsigned seen = 1;
    if (path_lookup(AT_FDCWD, path, 0, &nd))
        return 0;
    const struct inode *inode = nd.dentry->d_inode;
    bool plain = S_ISREG(inode->i_mode) || S_ISDIR(inode->i_mode);
    if (S_ISLNK(inode->i_mode))
        vfs_readlink(nd.dentry->d_inode, link, sizeof(link));
    dput(nd.dentry);
    struct file *file = plain ? filp_open(path, O_RDONLY | O_LARGEFILE, 0) : ERR_PTR(-EINVAL);
    if (IS_ERR(file))
        return seen;
    if (S_ISDIR(file->f_inode->i_mode) && depth < 6) {
        struct walker *w = malloc(sizeof(*w));
        memset(w, 0, sizeof(*w));
        w->context.emit = take_name;
        file->f_op->iterate(file, &w->context);
        for (unsigned i = 0; i < w->children; i++) {
            snprintf(w->path, sizeof(w->path), "%s/%s", path, w->child[i]);
            seen += visit(w->path, depth + 1);
        }
        free(w);
    } else if (S_ISREG(file->f_inode->i_mode)) {
        read_file(file);
    }
    fput(file);
    return seen;
}

static long write_file(const char *path, unsigned bytes)
{
    static const u8 text[1000] = "text of a file";
    struct file *file = filp_open(path, O_RDWR | O_CREAT | O_LARGEFILE, 0644);
    if (IS_ERR(file))
        return PTR_ERR(file);
    long result = 0;
    for (unsigned at = 0; at < bytes && result >= 0; at += sizeof(text)) {
        mutex_lock(&file->f_inode->i_mutex);
        result = kernel_write(file, (loff_t)at, text, sizeof(text));
        mutex_unlock(&file->f_inode->i_mutex);
    }
    if (file->f_op->fsync)
        file->f_op->fsync(file);
    fput(file);
    return result < 0 ? result : 0;
}

static void change_everything(void)
{
    char name[NAME_MAX + 20];
    sys_mkdir("/mnt/new", 0755);
    write_file("/mnt/new/file", 50000);
    write_file("/mnt/a/file3", 5000);
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof(name), "/mnt/new/%0*d", i * 5 + 1, i);
        sys_mknod(name, S_IFREG | 0600, 0);
    }
    sys_link("/mnt/a/file1", "/mnt/new/link");
    sys_symlink("short", "/mnt/new/s");
    sys_symlink("/a/target/that/is/longer/than/an/inode/can/hold/in/its/own/bytes", "/mnt/new/l");
    sys_rename("/mnt/a/b", "/mnt/new/b");
    sys_rename("/mnt/a/file2", "/mnt/a/file4");
    sys_truncate("/mnt/new/b/big", 20000);
    sys_unlink("/mnt/a/file5");
    sys_unlink("/mnt/long");
    sys_rmdir("/mnt/empty");
    sys_unlink("/mnt/new/b/sparse");
    sys_truncate("/mnt/new/file", 100);
    sys_unlink("/mnt/new/file");
    sys_sync();
}

static void use_and_unmount(unsigned least)
{
    unsigned seen = visit("/mnt", 0);
    CHECKF(seen >= least, "only %u files were seen", seen);
    change_everything();
    visit("/mnt", 0);
    CHECK_EQ(sys_umount2("/mnt", 0), 0);
}

static void images_stay_whole(void)
{
    for (unsigned shape = 0; shape < ARRAY_SIZE(shapes); shape++) {
        make_image(shape);
        if (shape == 0)
            boot();
        put_image();
        CHECK_EQ(mount_disk(0), 0);
        use_and_unmount(15);
        CHECKF(judge() == 0, "after work on %s", shapes[shape]);
    }
}

static void read_only_changes_nothing(void)
{
    make_image(0);
    boot();
    put_image();
    CHECK_EQ(mount_disk(MS_RDONLY), 0);
    CHECK_EQ(sys_mkdir("/mnt/x", 0755), -EROFS);
    CHECK_EQ(sys_unlink("/mnt/a/file1"), -EROFS);
    CHECK_EQ(sys_truncate("/mnt/a/file1", 0), -EROFS);
    CHECK_EQ(sys_chmod("/mnt/a/file1", 0600), -EROFS);
    CHECK_EQ(write_file("/mnt/a/file1", 10), -EROFS);
    use_and_unmount(15);
    CHECK(memcmp(disk, pristine, DISK_BYTES) == 0);
}

static void an_interrupted_mount_is_marked(void)
{
    const struct ext2_super_block *es = (const struct ext2_super_block *)(disk + EXT2_SUPER_OFFSET);
    make_image(0);
    boot();
    put_image();
    CHECK_EQ(es->s_state, EXT2_VALID_FS);
    CHECK_EQ(mount_disk(0), 0);
    CHECK_EQ(es->s_state, 0);
    CHECK_EQ(sys_mount(NULL, "/mnt", NULL, 32 | MS_RDONLY, NULL), 0);
    CHECK_EQ(es->s_state, EXT2_VALID_FS);
    CHECK_EQ(sys_mount(NULL, "/mnt", NULL, 32, NULL), 0);
    CHECK_EQ(es->s_state, 0);
    CHECK_EQ(sys_umount2("/mnt", 0), 0);
    CHECK_EQ(es->s_state, EXT2_VALID_FS);
}

/* ---- damage ---- */

/* A byte of the first 200 KiB, where all metadata of these images lies, or a field of the super block. */
static void damage(void)
{
    for (u32 changes = random_u32() % 8 + 1; changes; changes--) {
        u32 region = random_u32() % 8, at;
        if (region == 0)
            at = EXT2_SUPER_OFFSET + random_u32() % 104;
        else if (region == 1)
            at = 2048 + random_u32() % 2048;
        else
            at = random_u32() % (200 * 1024);
        if (region > 1 && !disk[at] && random_u32() % 4)
            continue; /* mostly what means something */
        disk[at] = (u8)(random_u32() % 2 ? random_u32() : disk[at] ^ 1u << random_u32() % 8);
    }
}

static void damaged_images_are_survived(void)
{
    const char *wanted = getenv("EXT2_FUZZ_SEEDS"), *first = getenv("EXT2_FUZZ_FIRST");
    u32 seeds = wanted ? (u32)atoi(wanted) : 200, mounted = 0, from = first ? (u32)atoi(first) : 1;
    boot();
    for (u32 seed = from; seed < from + seeds; seed++) {
        if ((seed - from) % 50 == 0)
            make_image((seed - from) / 50);
        random_seed(seed);
        put_image();
        damage();
        alarm(60);
        if (mount_disk(seed % 5 == 0 ? MS_RDONLY : 0))
            continue;
        mounted++;
        use_and_unmount(0);
    }
    alarm(0);
    CHECKF(mounted > seeds / 4, "only %u of %u could be mounted", mounted, seeds);
}

int main(void)
{
    tap_run("images stay whole", images_stay_whole);
    tap_run("a read-only mount changes nothing", read_only_changes_nothing);
    tap_run("the state on the disk says whether it was unmounted", an_interrupted_mount_is_marked);
    tap_run("damaged images are survived", damaged_images_are_survived);
    return tap_done();
}
