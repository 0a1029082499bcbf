/*
 * Preloaded into the process under test: counts the libc calls that change something below one directory, and
 * makes one of them go wrong. The numbers of `enum mode` and `struct control` are repeated in shim.py.
 *
 * Counted are calls by name and by descriptor on anything below the root; pipes, terminals, logs elsewhere are not.
 * An open counts if it creates or truncates, a mkdir if there is nothing yet, an unlink if there is something:
 * otherwise nothing would change, and a full disk would not be noticed.
 *
 * Not seen: changes through a mapping (SQLite's -shm file), calls inside libc itself (fopen and fwrite, mkstemp),
 * and statically linked programs.
 *
 * The kernel outlives the process, so a kill loses nothing that was written: this finds a wrong order of steps, not
 * a missing fsync. The trace shows the fsyncs.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim.h"

enum mode {
    OFF,
    COUNT,
    KILL_BEFORE,
    KILL_AFTER,
    KILL_TORN,
    FULL_ONCE,
    FULL_LASTING,
    SHORT_ONCE,
    SHORT_LASTING,
    SYNC_ERROR,
    WRONG_BIT,
};

struct control {
    int64_t mode;
    int64_t at;       /* the step to fail, from 1 */
    int64_t tree;     /* 0: only the main process counts; 1: its children as well */
    int64_t pid;      /* the main process; 0 until it has started */
    int64_t total;    /* calls seen */
    int64_t steps;    /* of these, calls that the mode can make fail */
    int64_t injected; /* calls that were made to fail */
    char root[PATH_MAX];
    char trace[PATH_MAX];
};

static struct control *control;

void fault_arm(int mode, long at) {
    if (!control)
        return;
    control->at = at;
    control->total = control->steps = control->injected = 0;
    control->pid = getpid();
    __atomic_store_n(&control->mode, mode, __ATOMIC_SEQ_CST);
}

void fault_disarm(void) {
    if (control)
        __atomic_store_n(&control->mode, OFF, __ATOMIC_SEQ_CST);
}

long fault_count(void) { return control ? control->total : -1; }

/* The control file is found beside the library and not by a variable: children are started without most of those. */
static int beside(const char *library, const char *name, char *path) {
    const char *slash = strrchr(library, '/');
    return slash && snprintf(path, PATH_MAX, "%.*s/%s", (int)(slash - library), library, name) < PATH_MAX;
}

__attribute__((constructor)) static void start(void) {
    Dl_info self;
    char path[PATH_MAX];
    if (!dladdr(&control, &self) || !beside(self.dli_fname, "control", path)) {
        dprintf(STDERR_FILENO, "fault injector: no way to tell where the library is\n");
        _exit(126);
    }
    int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
    void *shared = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (shared == MAP_FAILED) {
        dprintf(STDERR_FILENO, "fault injector: cannot map %s: %s\n", path, strerror(errno));
        _exit(126);
    }
    close(fd);
    control = shared;
    const char *mode = getenv("FAULT_MODE"), *at = getenv("FAULT_AT");
    if (mode && at && control->pid == 0)
        fault_arm(atoi(mode), atol(at));
}

/* Where a call acts */

static int path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return path[0] == '/';
}

/* The absolute name, its folder without links; the last part may not exist, or be a link that is itself meant. */
static int absolute(int folder, const char *name, char *path) {
    char joined[2 * PATH_MAX + 2], base[PATH_MAX];
    if (!name)
        return path_of(folder, path);
    if (strlen(name) >= PATH_MAX)
        return 0;
    if (name[0] == '/')
        strcpy(joined, name);
    else {
        if (folder == AT_FDCWD ? !getcwd(base, sizeof base) : !path_of(folder, base))
            return 0;
        snprintf(joined, sizeof joined, "%s/%s", base, name);
    }
    size_t length = strlen(joined);
    while (length > 1 && joined[length - 1] == '/')
        joined[--length] = 0;
    char *last = strrchr(joined, '/');
    *last++ = 0;
    if (!realpath(*joined ? joined : "/", base) || strlen(base) + strlen(last) + 2 > PATH_MAX)
        return 0;
    strcpy(path, base);
    strcat(path, "/");
    strcat(path, last);
    return 1;
}

static int below_root(const char *path) {
    size_t length = strlen(control->root);
    return !strncmp(path, control->root, length) && (path[length] == '/' || !path[length]);
}

/* What becomes of a call */

int armed(void) {
    return control && __atomic_load_n(&control->mode, __ATOMIC_RELAXED) != OFF &&
           (control->tree || control->pid == getpid());
}

static void die(void) {
    if (control->tree) {
        kill(-control->pid, SIGKILL);
        kill(control->pid, SIGKILL);
    }
    for (;;)
        kill(getpid(), SIGKILL);
}

static enum verdict judge(int kind, int64_t mode) {
    static const int failing[] = {
        [KILL_TORN] = BYTES,    [FULL_ONCE] = SPACE,     [FULL_LASTING] = SPACE,
        [SHORT_ONCE] = SPACE,   [SHORT_LASTING] = SPACE, [SYNC_ERROR] = SYNC, [WRONG_BIT] = DATA,
    };
    if (failing[mode] && !(kind & failing[mode]))
        return GO;
    int64_t step = __atomic_add_fetch(&control->steps, 1, __ATOMIC_SEQ_CST);
    int here = step == control->at, later = step > control->at;
    switch (mode) {
    case KILL_BEFORE:
    case KILL_AFTER:
        return here ? GO_AND_DIE : GO;
    case KILL_TORN:
        return here ? HALF_AND_DIE : GO;
    case FULL_ONCE:
        return here ? NO_SPACE : GO;
    case FULL_LASTING:
        return here || later ? NO_SPACE : GO;
    case SHORT_ONCE:
        return here ? (kind & BYTES ? HALF : NO_SPACE) : GO;
    case SHORT_LASTING:
        return later ? NO_SPACE : here ? (kind & BYTES ? HALF : NO_SPACE) : GO;
    case SYNC_ERROR:
        return here ? IO_ERROR : GO;
    case WRONG_BIT:
        return here ? FLIPPED : GO;
    default:
        return GO;
    }
}

static void trace(int64_t number, enum verdict verdict, const char *name, const char *path, const char *to,
                  long size) {
    char line[2 * PATH_MAX + 128];
    int length = snprintf(line, sizeof line, "%s%ld %s %s%s%s %ld\n", verdict == GO ? "" : "!", (long)number, name,
                          path, *to ? " -> " : "", to, size);
    int fd = syscall(SYS_openat, AT_FDCWD, control->trace, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0)
        return;
    syscall(SYS_write, fd, line, (size_t)length);
    syscall(SYS_close, fd);
}

static enum verdict step(const char *name, int kind, const char *path, const char *to, long size) {
    int64_t mode = __atomic_load_n(&control->mode, __ATOMIC_SEQ_CST);
    int64_t number = __atomic_add_fetch(&control->total, 1, __ATOMIC_SEQ_CST);
    enum verdict verdict = judge(kind, mode);
    if (verdict == HALF && size < 2)
        verdict = NO_SPACE;
    if (verdict != GO)
        __atomic_add_fetch(&control->injected, 1, __ATOMIC_SEQ_CST);
    trace(number, verdict, name, path, to, size);
    if (verdict == GO_AND_DIE && mode == KILL_BEFORE)
        die();
    return verdict;
}

enum verdict on_fd(const char *name, int kind, int fd, long size) {
    char path[PATH_MAX];
    int before = errno;
    enum verdict verdict = armed() && path_of(fd, path) && below_root(path) ? step(name, kind, path, "", size) : GO;
    errno = before;
    return verdict;
}

enum verdict on_path(const char *name, int kind, int folder, const char *of, long size) {
    char path[PATH_MAX];
    int before = errno;
    enum verdict verdict = GO;
    if (armed() && absolute(folder, of, path) && below_root(path))
        verdict = step(name, kind, path, "", size);
    errno = before;
    return verdict;
}

static int exists(int folder, const char *path, int flags) {
    struct stat found;
    int before = errno, there = fstatat(folder, path, &found, flags) == 0;
    errno = before;
    return there;
}

enum verdict on_new(const char *name, int folder, const char *of) {
    return armed() && !exists(folder, of, AT_SYMLINK_NOFOLLOW) ? on_path(name, SPACE, folder, of, 0) : GO;
}

enum verdict on_old(const char *name, int folder, const char *of) {
    return armed() && exists(folder, of, AT_SYMLINK_NOFOLLOW) ? on_path(name, PLAIN, folder, of, 0) : GO;
}

enum verdict on_two(const char *name, int kind, int folder, const char *of, int to_folder, const char *to) {
    char path[PATH_MAX], to_path[PATH_MAX];
    int before = errno;
    enum verdict verdict = GO;
    if (armed() && absolute(folder, of, path) && absolute(to_folder, to, to_path) &&
        (below_root(path) || below_root(to_path)))
        verdict = step(name, kind, path, to_path, 0);
    errno = before;
    return verdict;
}

enum verdict on_open(const char *name, int folder, const char *of, int flags) {
    int unnamed = (flags & O_TMPFILE) == O_TMPFILE;
    if (!armed() || !(unnamed || flags & (O_CREAT | O_TRUNC)))
        return GO;
    if (unnamed || !exists(folder, of, 0))
        return unnamed || flags & O_CREAT ? on_path(name, SPACE, folder, of, 0) : GO;
    return flags & O_TRUNC ? on_path("truncating open", PLAIN, folder, of, 0) : GO;
}

int refused(enum verdict verdict) {
    if (verdict == NO_SPACE)
        errno = ENOSPC;
    else if (verdict == IO_ERROR)
        errno = EIO;
    return verdict == NO_SPACE || verdict == IO_ERROR;
}

size_t portion(enum verdict verdict, size_t size) {
    return verdict == HALF || verdict == HALF_AND_DIE ? size / 2 : size;
}

const void *content(enum verdict verdict, const void *data, size_t size) {
    static __thread char *copy;
    if (verdict != FLIPPED || size == 0)
        return data;
    free(copy);
    copy = malloc(size);
    if (!copy)
        return data;
    memcpy(copy, data, size);
    copy[size / 2] ^= 0x10;
    return copy;
}

void finish(enum verdict verdict) {
    if (verdict == GO_AND_DIE || verdict == HALF_AND_DIE)
        die();
}
