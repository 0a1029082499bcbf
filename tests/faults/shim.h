/* Between the calls (calls.c) and what becomes of them (shim.c). */
#include <sys/types.h>

/* What a call is; a mode counts only the calls it can make fail. */
enum kind { PLAIN = 0, SPACE = 1, BYTES = 2, SYNC = 4, DATA = 8 };

enum verdict { GO, GO_AND_DIE, HALF, HALF_AND_DIE, NO_SPACE, IO_ERROR, FLIPPED };

#pragma GCC visibility push(hidden)

/* Whether this process is to be looked at now. */
int armed(void);

/* Count one call on something below the root, and say what becomes of it; may not return. errno is left alone. */
enum verdict on_fd(const char *name, int kind, int fd, long size);
enum verdict on_path(const char *name, int kind, int folder, const char *of, long size);
enum verdict on_two(const char *name, int kind, int folder, const char *of, int to_folder, const char *to);
enum verdict on_new(const char *name, int folder, const char *of); /* makes it, if it is not there */
enum verdict on_old(const char *name, int folder, const char *of); /* removes it, if it is there */
enum verdict on_open(const char *name, int folder, const char *of, int flags);

/* Whether the call fails without being made; sets errno. */
int refused(enum verdict verdict);

/* How many of its bytes a call may write. */
size_t portion(enum verdict verdict, size_t size);

/* What a call writes: its data, or a copy with one wrong bit, which the next call of the thread may overwrite. */
const void *content(enum verdict verdict, const void *data, size_t size);

/* To be called when the call was made; may not return. */
void finish(enum verdict verdict);

#pragma GCC visibility pop
