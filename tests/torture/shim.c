/* The calls that write, counted: one of them fails, or is the last thing the process does. Loaded
 * before the C library (LD_PRELOAD), so that SQLite's own calls go through it as well. Pipes, and
 * what is only appended to (logs), are left alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static long left;
static int error, lasting;

/* From here on the calls-th writing call fails with that error; 0: the process dies there. */
void torture_arm(long calls, int with, int on) {
    error = with;
    lasting = on;
    __atomic_store_n(&left, calls, __ATOMIC_SEQ_CST);
}

static int fails(void) {
    long now = __atomic_load_n(&left, __ATOMIC_SEQ_CST);
    if (now <= 0) return 0;
    now = __atomic_sub_fetch(&left, 1, __ATOMIC_SEQ_CST);
    if (now != 0) return 0;
    if (error == 0) kill(getpid(), SIGKILL);
    if (lasting) __atomic_store_n(&left, 1, __ATOMIC_SEQ_CST);
    errno = error;
    return 1;
}

static int counts(int fd) {
    struct stat found;
    if (__atomic_load_n(&left, __ATOMIC_SEQ_CST) <= 0 || fd < 3) return 0;
    if (fstat(fd, &found) != 0 || !(S_ISREG(found.st_mode) || S_ISDIR(found.st_mode))) return 0;
    return !(fcntl(fd, F_GETFL) & O_APPEND);
}

#define REAL(name, type, ...)                                                     \
    static type (*real)(__VA_ARGS__);                                             \
    if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

ssize_t write(int fd, const void *from, size_t size) {
    REAL("write", ssize_t, int, const void *, size_t);
    return counts(fd) && fails() ? -1 : real(fd, from, size);
}
ssize_t pwrite(int fd, const void *from, size_t size, off_t at) {
    REAL("pwrite", ssize_t, int, const void *, size_t, off_t);
    return counts(fd) && fails() ? -1 : real(fd, from, size, at);
}
ssize_t pwrite64(int fd, const void *from, size_t size, off64_t at) {
    REAL("pwrite64", ssize_t, int, const void *, size_t, off64_t);
    return counts(fd) && fails() ? -1 : real(fd, from, size, at);
}
int fsync(int fd) {
    REAL("fsync", int, int);
    return counts(fd) && fails() ? -1 : real(fd);
}
int fdatasync(int fd) {
    REAL("fdatasync", int, int);
    return counts(fd) && fails() ? -1 : real(fd);
}
int ftruncate64(int fd, off64_t size) {
    REAL("ftruncate64", int, int, off64_t);
    return counts(fd) && fails() ? -1 : real(fd, size);
}
int rename(const char *from, const char *to) {
    REAL("rename", int, const char *, const char *);
    return fails() ? -1 : real(from, to);
}
int unlink(const char *path) {
    REAL("unlink", int, const char *);
    return fails() ? -1 : real(path);
}
