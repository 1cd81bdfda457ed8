/* A disk and a clock that fail on command: tests/tests/faults.rs preloads this into the endpoint.
 *
 * It stands between the program and the C library (LD_PRELOAD) and lets a call through, changes it,
 * or fails it, as a small control file says that is read again at each call. The program needs no
 * change and no privilege, and a fault can be lifted while it runs.
 *
 *   OCTOLAKE_FAULTS   the path of the control file; without it nothing is changed
 *
 * The control file has a line for each setting, `<name> <value>`; what it does not name is 0:
 *
 *   folder PATH       files below this folder are struck, no others (the clock needs none)
 *   round N           another number begins the counts below again
 *   write_error N     every Nth write fails with EIO, and has written nothing
 *   torn_write N      every Nth write writes half, and the next one fails with EIO
 *   short_write N     every Nth write writes half of what it was given, and says so
 *   space N           after N bytes have been written, a write fails with ENOSPC; the one before it
 *                     writes what still fits
 *   sync_error N      every Nth fsync and fdatasync fails with EIO
 *   sync_ms N         fsync and fdatasync take N milliseconds longer
 *   name_error N      every Nth rename and link fails with EIO
 *   create_error N    every Nth open that may create a file fails with ENOSPC
 *   clock_s N         the system's clock is N seconds ahead (or behind); monotonic time is not
 *
 * For each call that was struck, a letter is appended to the file `<control file>.struck`: w s n o c.
 * A test can so prove that its fault was there.
 *
 * Built by the test: cc -shared -fPIC -O1 -o shim.so shim.c -ldl
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct control {
    char folder[PATH_MAX];
    long round, write_error, torn_write, short_write, space, sync_error, sync_ms, name_error,
        create_error, clock_s;
};

static atomic_long round_seen, writes, written, syncs, names, creations, torn;

/* The next definition of a function: the C library's. */
#define NEXT(name)                                                                                 \
    static __typeof__(&name) next;                                                                 \
    if (!next) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/* ---- the control file, read by system calls of our own: our wrappers must not see it ---- */

static long setting(const char *text, const char *name) {
    size_t length = strlen(name);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (!strncmp(line, name, length) && line[length] == ' ') return atol(line + length + 1);
    }
    return 0;
}

static void read_folder(const char *text, char *folder) {
    const char *line = strstr(text, "folder ");
    folder[0] = 0;
    if (!line) return;
    size_t length = strcspn(line + 7, "\n");
    if (length >= PATH_MAX) return;
    memcpy(folder, line + 7, length);
    folder[length] = 0;
}

static int read_control(struct control *it) {
    const char *path = getenv("OCTOLAKE_FAULTS");
    char text[PATH_MAX + 1024];
    if (!path) return 0;
    int saved = errno;
    int file = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    ssize_t length = file < 0 ? -1 : syscall(SYS_read, file, text, sizeof text - 1);
    if (file >= 0) syscall(SYS_close, file);
    errno = saved;
    if (length <= 0) return 0;
    text[length] = 0;
    read_folder(text, it->folder);
    it->round = setting(text, "round");
    it->write_error = setting(text, "write_error");
    it->torn_write = setting(text, "torn_write");
    it->short_write = setting(text, "short_write");
    it->space = setting(text, "space");
    it->sync_error = setting(text, "sync_error");
    it->sync_ms = setting(text, "sync_ms");
    it->name_error = setting(text, "name_error");
    it->create_error = setting(text, "create_error");
    it->clock_s = setting(text, "clock_s");
    if (atomic_exchange(&round_seen, it->round) != it->round) {
        writes = written = syncs = names = creations = torn = 0;
    }
    return 1;
}

static void struck(char what) {
    const char *path = getenv("OCTOLAKE_FAULTS");
    char beside[PATH_MAX];
    int saved = errno;
    snprintf(beside, sizeof beside, "%s.struck", path ? path : "");
    int file = syscall(SYS_openat, AT_FDCWD, beside, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file >= 0) {
        syscall(SYS_write, file, &what, 1);
        syscall(SYS_close, file);
    }
    errno = saved;
}

static int fails(char what, int error) {
    struck(what);
    errno = error;
    return -1;
}

/* Whether a path, or a file, lies below the folder. */
static int path_below(const struct control *it, const char *path) {
    size_t length = strlen(it->folder);
    return length && path && !strncmp(path, it->folder, length);
}

static int file_below(const struct control *it, int file) {
    char link[64], path[PATH_MAX];
    int saved = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    errno = saved;
    if (length <= 0) return 0;
    path[length] = 0;
    return path_below(it, path);
}

static int every(atomic_long *count, long nth) {
    return nth > 0 && (atomic_fetch_add(count, 1) + 1) % nth == 0;
}

/* ---- writing ---- */

/* How many of `bytes` a write of this file may write; -1 with errno where it fails. */
static ssize_t allowed(int file, size_t bytes) {
    struct control it;
    if (!read_control(&it) || !file_below(&it, file)) return bytes;
    if (atomic_exchange(&torn, 0)) return fails('w', EIO);
    if (every(&writes, it.write_error)) return fails('w', EIO);
    size_t half = bytes > 1 ? bytes / 2 : bytes;
    if (every(&writes, it.torn_write)) {
        struck('w');
        torn = 1;
        return half;
    }
    if (every(&writes, it.short_write)) {
        struck('w');
        return half;
    }
    if (it.space > 0) {
        long left = it.space - atomic_load(&written);
        if (left <= 0) return fails('w', ENOSPC);
        if ((size_t)left < bytes) bytes = left;
        atomic_fetch_add(&written, bytes);
    }
    return bytes;
}

ssize_t write(int file, const void *from, size_t bytes) {
    NEXT(write);
    ssize_t some = allowed(file, bytes);
    return some < 0 ? -1 : next(file, from, some);
}

ssize_t pwrite64(int file, const void *from, size_t bytes, off64_t at) {
    NEXT(pwrite64);
    ssize_t some = allowed(file, bytes);
    return some < 0 ? -1 : next(file, from, some, at);
}

ssize_t pwrite(int file, const void *from, size_t bytes, off_t at) {
    return pwrite64(file, from, bytes, at);
}

/* One part of many may be written alone: that is a short write. */
ssize_t writev(int file, const struct iovec *parts, int count) {
    NEXT(writev);
    struct control it;
    if (count < 1 || !read_control(&it) || !file_below(&it, file)) return next(file, parts, count);
    return write(file, parts[0].iov_base, parts[0].iov_len);
}

/* ---- syncing ---- */

static int sync_fails(int file) {
    struct control it;
    if (!read_control(&it) || !file_below(&it, file)) return 0;
    if (it.sync_ms > 0) {
        struct timespec pause = {it.sync_ms / 1000, it.sync_ms % 1000 * 1000000};
        struck('s');
        nanosleep(&pause, NULL);
    }
    return every(&syncs, it.sync_error) ? fails('s', EIO) : 0;
}

int fsync(int file) {
    NEXT(fsync);
    return sync_fails(file) ? -1 : next(file);
}

int fdatasync(int file) {
    NEXT(fdatasync);
    return sync_fails(file) ? -1 : next(file);
}

/* ---- names ---- */

static int name_fails(const char *from, const char *to) {
    struct control it;
    if (!read_control(&it) || !(path_below(&it, from) || path_below(&it, to))) return 0;
    return every(&names, it.name_error) ? fails('n', EIO) : 0;
}

int rename(const char *from, const char *to) {
    NEXT(rename);
    return name_fails(from, to) ? -1 : next(from, to);
}

int renameat2(int a, const char *from, int b, const char *to, unsigned int flags) {
    NEXT(renameat2);
    return name_fails(from, to) ? -1 : next(a, from, b, to, flags);
}

int link(const char *from, const char *to) {
    NEXT(link);
    return name_fails(from, to) ? -1 : next(from, to);
}

int linkat(int a, const char *from, int b, const char *to, int flags) {
    NEXT(linkat);
    return name_fails(from, to) ? -1 : next(a, from, b, to, flags);
}

static int creation_fails(const char *path, int flags) {
    struct control it;
    if (!(flags & O_CREAT) || !read_control(&it) || !path_below(&it, path)) return 0;
    return every(&creations, it.create_error) ? fails('o', ENOSPC) : 0;
}

static mode_t mode_of(int flags, va_list more) {
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
}

int open64(const char *path, int flags, ...) {
    NEXT(open64);
    va_list more;
    va_start(more, flags);
    mode_t mode = mode_of(flags, more);
    va_end(more);
    return creation_fails(path, flags) ? -1 : next(path, flags, mode);
}

int open(const char *path, int flags, ...) {
    NEXT(open);
    va_list more;
    va_start(more, flags);
    mode_t mode = mode_of(flags, more);
    va_end(more);
    return creation_fails(path, flags) ? -1 : next(path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...) {
    NEXT(openat64);
    va_list more;
    va_start(more, flags);
    mode_t mode = mode_of(flags, more);
    va_end(more);
    return creation_fails(path, flags) ? -1 : next(folder, path, flags, mode);
}

/* ---- the clock ---- */

int clock_gettime(clockid_t clock, struct timespec *now) {
    NEXT(clock_gettime);
    int result = next(clock, now);
    struct control it;
    if (result || clock != CLOCK_REALTIME || !read_control(&it) || !it.clock_s) return result;
    struck('c');
    now->tv_sec += it.clock_s;
    return result;
}
