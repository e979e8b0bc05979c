/* A disk that fails: once armed, the n-th call that writes, syncs, moves or makes a file ends with an error, after half
   of what it should write. Preloaded into the ordeal; armed from Python through ctypes. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static volatile long left = -1;
static volatile int with = EIO;
static volatile long seen = 0;

void gate_arm(long calls, int error) { left = calls; with = error; seen = 0; }
long gate_seen(void) { return seen; }

static int now(void) {
    seen++;
    if (left < 0 || left-- > 0) return 0;
    left = -1;
    errno = with;
    return 1;
}

static int is_file(int fd) {
    struct stat told;
    int before = errno, plain = fstat(fd, &told) == 0 && (S_ISREG(told.st_mode) || S_ISDIR(told.st_mode));
    errno = before;
    return plain;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAILS(fd) (is_file(fd) && now())

ssize_t write(int fd, const void *from, size_t count) {
    if (FAILS(fd)) { if (count > 1) (void)!REAL(write)(fd, from, count / 2); errno = with; return -1; }
    return REAL(write)(fd, from, count);
}
ssize_t pwrite(int fd, const void *from, size_t count, off_t at) {
    if (FAILS(fd)) { if (count > 1) (void)!REAL(pwrite)(fd, from, count / 2, at); errno = with; return -1; }
    return REAL(pwrite)(fd, from, count, at);
}
ssize_t pwrite64(int fd, const void *from, size_t count, off64_t at) {
    if (FAILS(fd)) { if (count > 1) (void)!REAL(pwrite64)(fd, from, count / 2, at); errno = with; return -1; }
    return REAL(pwrite64)(fd, from, count, at);
}
ssize_t sendfile(int to, int from, off_t *at, size_t count) { return FAILS(to) ? -1 : REAL(sendfile)(to, from, at, count); }
ssize_t sendfile64(int to, int from, off64_t *at, size_t count) { return FAILS(to) ? -1 : REAL(sendfile64)(to, from, at, count); }
ssize_t copy_file_range(int from, off64_t *x, int to, off64_t *y, size_t count, unsigned flags) {
    return FAILS(to) ? -1 : REAL(copy_file_range)(from, x, to, y, count, flags);
}
int fsync(int fd) { return FAILS(fd) ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return FAILS(fd) ? -1 : REAL(fdatasync)(fd); }
int ftruncate(int fd, off_t size) { return FAILS(fd) ? -1 : REAL(ftruncate)(fd, size); }
int ftruncate64(int fd, off64_t size) { return FAILS(fd) ? -1 : REAL(ftruncate64)(fd, size); }
int rename(const char *from, const char *to) { return now() ? -1 : REAL(rename)(from, to); }
int renameat(int a, const char *from, int b, const char *to) { return now() ? -1 : REAL(renameat)(a, from, b, to); }
int link(const char *from, const char *to) { return now() ? -1 : REAL(link)(from, to); }
int linkat(int a, const char *from, int b, const char *to, int f) { return now() ? -1 : REAL(linkat)(a, from, b, to, f); }
int mkdir(const char *path, mode_t mode) { return now() ? -1 : REAL(mkdir)(path, mode); }
int unlink(const char *path) { return now() ? -1 : REAL(unlink)(path); }
