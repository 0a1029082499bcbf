/* The libc calls that change files, each asking shim.c what becomes of it before it goes on to libc. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "shim.h"

#ifndef __LP64__
#error "off_t and off64_t are taken to be the same"
#endif

#define CALL(type, name, parameters, arguments, question)                                                              \
    type name parameters {                                                                                             \
        static __typeof__(&name) real;                                                                                 \
        if (!real)                                                                                                     \
            real = (__typeof__(real))dlsym(RTLD_NEXT, #name);                                                          \
        enum verdict verdict = question;                                                                               \
        if (refused(verdict))                                                                                          \
            return -1;                                                                                                 \
        type result = real arguments;                                                                                  \
        finish(verdict);                                                                                               \
        return result;                                                                                                 \
    }

#define ALIAS(type, name, parameters, of) type name parameters __attribute__((alias(#of)));

CALL(ssize_t, write, (int fd, const void *data, size_t size), (fd, content(verdict, data, size), portion(verdict, size)),
     on_fd("write", SPACE | BYTES | DATA, fd, size))
CALL(ssize_t, pwrite, (int fd, const void *data, size_t size, off_t at),
     (fd, content(verdict, data, size), portion(verdict, size), at), on_fd("pwrite", SPACE | BYTES | DATA, fd, size))
ALIAS(ssize_t, pwrite64, (int fd, const void *data, size_t size, off_t at), pwrite)

/* What a copy will move: callers may ask for far more than there is, and half of that would be all of it. */
static size_t there(int in, const off_t *at, size_t size) {
    struct stat found;
    int before = errno;
    off_t from = at ? *at : lseek(in, 0, SEEK_CUR);
    if (fstat(in, &found) == 0 && from >= 0) {
        off_t left = found.st_size > from ? found.st_size - from : 0;
        if (S_ISREG(found.st_mode) && (size_t)left < size)
            size = left;
    }
    errno = before;
    return size;
}

CALL(ssize_t, sendfile, (int out, int in, off_t *at, size_t size), (out, in, at, portion(verdict, there(in, at, size))),
     on_fd("sendfile", SPACE | BYTES, out, there(in, at, size)))
ALIAS(ssize_t, sendfile64, (int out, int in, off_t *at, size_t size), sendfile)
CALL(ssize_t, copy_file_range, (int in, off_t *from, int out, off_t *to, size_t size, unsigned flags),
     (in, from, out, to, portion(verdict, there(in, from, size)), flags),
     on_fd("copy_file_range", SPACE | BYTES, out, there(in, from, size)))

static long bytes_in(const struct iovec *parts, int count) {
    long size = 0;
    for (int i = 0; i < count; i++)
        size += parts[i].iov_len;
    return size;
}

/* Shortens the copy of a vector to the portion; returns how many parts are left. */
static int shorten(enum verdict verdict, const struct iovec *parts, int count, struct iovec *copy) {
    long left = portion(verdict, bytes_in(parts, count));
    int used = 0;
    for (; used < count && used < IOV_MAX && (left > 0 || used == 0); used++) {
        copy[used] = parts[used];
        if ((long)copy[used].iov_len > left)
            copy[used].iov_len = left;
        left -= copy[used].iov_len;
    }
    return used;
}

#define VECTOR_CALL(name, parameters, arguments)                                                                       \
    ssize_t name parameters {                                                                                          \
        static __typeof__(&name) real;                                                                                 \
        if (!real)                                                                                                     \
            real = (__typeof__(real))dlsym(RTLD_NEXT, #name);                                                          \
        if (!armed() || count < 1 || count > IOV_MAX)                                                                  \
            return real arguments;                                                                                     \
        enum verdict verdict = on_fd(#name, SPACE | BYTES, fd, bytes_in(parts, count));                                \
        if (refused(verdict))                                                                                          \
            return -1;                                                                                                 \
        struct iovec copy[count];                                                                                      \
        count = shorten(verdict, parts, count, copy);                                                                  \
        parts = copy;                                                                                                  \
        ssize_t result = real arguments;                                                                               \
        finish(verdict);                                                                                               \
        return result;                                                                                                 \
    }

VECTOR_CALL(writev, (int fd, const struct iovec *parts, int count), (fd, parts, count))
VECTOR_CALL(pwritev, (int fd, const struct iovec *parts, int count, off_t at), (fd, parts, count, at))
VECTOR_CALL(pwritev2, (int fd, const struct iovec *parts, int count, off_t at, int flags),
            (fd, parts, count, at, flags))
ALIAS(ssize_t, pwritev64, (int fd, const struct iovec *parts, int count, off_t at), pwritev)
ALIAS(ssize_t, pwritev64v2, (int fd, const struct iovec *parts, int count, off_t at, int flags), pwritev2)

/* Counted, and not made: the kernel outlives every kill here, and what a run writes is thrown away after it. */
#define SYNC_CALL(name)                                                                                                \
    int name(int fd) {                                                                                                 \
        enum verdict verdict = on_fd(#name, SYNC, fd, 0);                                                              \
        if (refused(verdict))                                                                                          \
            return -1;                                                                                                 \
        finish(verdict);                                                                                               \
        return fcntl(fd, F_GETFD) < 0 ? -1 : 0; /* EBADF */                                                            \
    }

SYNC_CALL(fsync)
SYNC_CALL(fdatasync)

CALL(int, ftruncate, (int fd, off_t size), (fd, size), on_fd("ftruncate", SPACE, fd, size))
ALIAS(int, ftruncate64, (int fd, off_t size), ftruncate)
CALL(int, truncate, (const char *path, off_t size), (path, size), on_path("truncate", SPACE, AT_FDCWD, path, size))
ALIAS(int, truncate64, (const char *path, off_t size), truncate)
CALL(int, fallocate, (int fd, int mode, off_t at, off_t size), (fd, mode, at, size),
     on_fd("fallocate", SPACE, fd, size))
ALIAS(int, fallocate64, (int fd, int mode, off_t at, off_t size), fallocate)

int posix_fallocate(int fd, off_t at, off_t size) {
    static __typeof__(&posix_fallocate) real;
    if (!real)
        real = (__typeof__(real))dlsym(RTLD_NEXT, "posix_fallocate");
    enum verdict verdict = on_fd("posix_fallocate", SPACE, fd, size);
    int before = errno;
    if (refused(verdict)) {
        int error = errno;
        errno = before;
        return error;
    }
    int result = real(fd, at, size);
    finish(verdict);
    return result;
}
ALIAS(int, posix_fallocate64, (int fd, off_t at, off_t size), posix_fallocate)

CALL(int, rename, (const char *path, const char *to), (path, to), on_two("rename", SPACE, AT_FDCWD, path, AT_FDCWD, to))
CALL(int, renameat, (int folder, const char *path, int to_folder, const char *to), (folder, path, to_folder, to),
     on_two("renameat", SPACE, folder, path, to_folder, to))
CALL(int, renameat2, (int folder, const char *path, int to_folder, const char *to, unsigned flags),
     (folder, path, to_folder, to, flags), on_two("renameat2", SPACE, folder, path, to_folder, to))
CALL(int, link, (const char *path, const char *to), (path, to), on_two("link", SPACE, AT_FDCWD, path, AT_FDCWD, to))
CALL(int, linkat, (int folder, const char *path, int to_folder, const char *to, int flags),
     (folder, path, to_folder, to, flags), on_two("linkat", SPACE, folder, path, to_folder, to))
CALL(int, symlink, (const char *target, const char *path), (target, path),
     on_new("symlink", AT_FDCWD, path))
CALL(int, symlinkat, (const char *target, int folder, const char *path), (target, folder, path),
     on_new("symlinkat", folder, path))
CALL(int, mkdir, (const char *path, mode_t mode), (path, mode), on_new("mkdir", AT_FDCWD, path))
CALL(int, mkdirat, (int folder, const char *path, mode_t mode), (folder, path, mode),
     on_new("mkdirat", folder, path))
CALL(int, rmdir, (const char *path), (path), on_old("rmdir", AT_FDCWD, path))
CALL(int, unlink, (const char *path), (path), on_old("unlink", AT_FDCWD, path))
CALL(int, unlinkat, (int folder, const char *path, int flags), (folder, path, flags),
     on_old("unlinkat", folder, path))
CALL(int, remove, (const char *path), (path), on_old("remove", AT_FDCWD, path))
CALL(int, chmod, (const char *path, mode_t mode), (path, mode), on_path("chmod", PLAIN, AT_FDCWD, path, 0))
CALL(int, fchmod, (int fd, mode_t mode), (fd, mode), on_fd("fchmod", PLAIN, fd, 0))
CALL(int, fchmodat, (int folder, const char *path, mode_t mode, int flags), (folder, path, mode, flags),
     on_path("fchmodat", PLAIN, folder, path, 0))
CALL(int, chown, (const char *path, uid_t user, gid_t group), (path, user, group),
     on_path("chown", PLAIN, AT_FDCWD, path, 0))
CALL(int, lchown, (const char *path, uid_t user, gid_t group), (path, user, group),
     on_path("lchown", PLAIN, AT_FDCWD, path, 0))
CALL(int, fchown, (int fd, uid_t user, gid_t group), (fd, user, group), on_fd("fchown", PLAIN, fd, 0))
CALL(int, fchownat, (int folder, const char *path, uid_t user, gid_t group, int flags),
     (folder, path, user, group, flags), on_path("fchownat", PLAIN, folder, path, 0))
CALL(int, futimens, (int fd, const struct timespec times[2]), (fd, times), on_fd("futimens", PLAIN, fd, 0))
CALL(int, utimensat, (int folder, const char *path, const struct timespec times[2], int flags),
     (folder, path, times, flags), on_path("utimensat", PLAIN, folder, path, 0))

static mode_t mode_in(int flags, va_list rest) {
    return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(rest, mode_t) : 0;
}

int open(const char *path, int flags, ...) {
    static __typeof__(&open) real;
    if (!real)
        real = (__typeof__(real))dlsym(RTLD_NEXT, "open");
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_in(flags, rest);
    va_end(rest);
    enum verdict verdict = on_open("open", AT_FDCWD, path, flags);
    if (refused(verdict))
        return -1;
    int fd = real(path, flags, mode);
    finish(verdict);
    return fd;
}
ALIAS(int, open64, (const char *path, int flags, ...), open)

int openat(int folder, const char *path, int flags, ...) {
    static __typeof__(&openat) real;
    if (!real)
        real = (__typeof__(real))dlsym(RTLD_NEXT, "openat");
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_in(flags, rest);
    va_end(rest);
    enum verdict verdict = on_open("openat", folder, path, flags);
    if (refused(verdict))
        return -1;
    int fd = real(folder, path, flags, mode);
    finish(verdict);
    return fd;
}
ALIAS(int, openat64, (int folder, const char *path, int flags, ...), openat)

CALL(int, creat, (const char *path, mode_t mode), (path, mode),
     on_open("creat", AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC))
ALIAS(int, creat64, (const char *path, mode_t mode), creat)

/* What glibc's fortified headers make of open() with two arguments. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int folder, const char *path, int flags);
int __openat64_2(int folder, const char *path, int flags);
CALL(int, __open_2, (const char *path, int flags), (path, flags), on_open("open", AT_FDCWD, path, flags))
CALL(int, __openat_2, (int folder, const char *path, int flags), (folder, path, flags),
     on_open("openat", folder, path, flags))
ALIAS(int, __open64_2, (const char *path, int flags), __open_2)
ALIAS(int, __openat64_2, (int folder, const char *path, int flags), __openat_2)
