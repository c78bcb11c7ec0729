/*
 * Simulates a disk that fails. LD_PRELOAD loads this library into a process. It sees every system call by which the process
 * changes a file below a folder, and at the N-th call lets the call, the process or the power fail.
 *
 * A seccomp filter sends these calls to a signal handler in this library, whichever code makes them: libc, SQLite in the
 * program, or Rust code without libc. The handler makes the call itself, with a mark in its sixth argument that the filter
 * accepts. The handler could not see calls with a sixth argument of their own, so they end the process.
 *
 *   FAULT_DIR   the folder, without links in its path
 *   FAULT_LOG   a file outside the folder; each call appends a line with its name and path
 *   FAULT_KIND  count, or what happens at the N-th call:
 *     eio       it fails with EIO, and the process goes on
 *     enospc    it and all later ones that need space fail with ENOSPC
 *     short     if it writes, it writes half; the next ones that need space fail with ENOSPC
 *     kill      the process is killed instead
 *     half      if it writes, it writes half, and the process is killed
 *     names     the power fails before it: names of files that were made, changed or deleted since the last flush of their
 *               folder are as before, and data that was written to files since their last flush is lost
 *     data      the power fails before it: only unflushed data is lost, and names stay
 *     lies      as names, on a disk that ignores flushes: checks that the tests notice a loss
 *     pause     it makes the file FAULT_LOG.paused, and waits until the file FAULT_LOG.go exists
 *   FAULT_AT    N, from 1; the end of the process is also a call
 *   FAULT_ON    count only calls with this in their path
 *
 * When the power fails, all changes of files named ledger.db* are kept: whether SQLite flushes them correctly is tested
 * elsewhere, and a real disk may keep more than was flushed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#define ARGUMENT(c, i) ((c)->uc_mcontext.gregs[(int[]){REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8, REG_R9}[i]])
#define RESULT(c) ((c)->uc_mcontext.gregs[REG_RAX])
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#define ARGUMENT(c, i) ((c)->uc_mcontext.regs[i])
#define RESULT(c) ((c)->uc_mcontext.regs[0])
#else
#error "no such machine"
#endif

#define MARK 0x52e01237
#define LENGTH 1024
#define MOST 4096

enum sort { CREATE, DIRECTORY, WRITE, SIZE, FLUSH, RENAME, UNLINK, LINK, MODE, END, FOREIGN };

/* The arguments with the paths of a call: `at` has the folder's descriptor, or is -1; `path` has the path. */
static const struct call {
    long number;
    const char *name;
    enum sort sort;
    int descriptor, at, path, at2, path2;
} CALLS[] = {
    {SYS_openat, "open", CREATE, -1, 0, 1, -1, -1},
    {SYS_mkdirat, "mkdir", DIRECTORY, -1, 0, 1, -1, -1},
    {SYS_write, "write", WRITE, 0, -1, -1, -1, -1},
    {SYS_pwrite64, "pwrite", WRITE, 0, -1, -1, -1, -1},
    {SYS_writev, "writev", WRITE, 0, -1, -1, -1, -1},
    {SYS_pwritev, "pwritev", WRITE, 0, -1, -1, -1, -1},
    {SYS_ftruncate, "ftruncate", SIZE, 0, -1, -1, -1, -1},
    {SYS_truncate, "truncate", SIZE, -1, -1, 0, -1, -1},
    {SYS_fallocate, "fallocate", SIZE, 0, -1, -1, -1, -1},
    {SYS_fsync, "fsync", FLUSH, 0, -1, -1, -1, -1},
    {SYS_fdatasync, "fdatasync", FLUSH, 0, -1, -1, -1, -1},
#ifdef SYS_renameat
    {SYS_renameat, "rename", RENAME, -1, 0, 1, 2, 3},
#endif
    {SYS_renameat2, "rename", RENAME, -1, 0, 1, 2, 3},
    {SYS_unlinkat, "unlink", UNLINK, -1, 0, 1, -1, -1},
    {SYS_linkat, "link", LINK, -1, 2, 3, -1, -1},
    {SYS_fchmod, "chmod", MODE, 0, -1, -1, -1, -1},
    {SYS_fchmodat, "chmod", MODE, -1, 0, 1, -1, -1},
    {SYS_exit_group, "exit", END, -1, -1, -1, -1, -1},
#ifdef SYS_open
    {SYS_open, "open", CREATE, -1, -1, 0, -1, -1},
    {SYS_creat, "open", CREATE, -1, -1, 0, -1, -1},
    {SYS_mkdir, "mkdir", DIRECTORY, -1, -1, 0, -1, -1},
    {SYS_rename, "rename", RENAME, -1, -1, 0, -1, 1},
    {SYS_unlink, "unlink", UNLINK, -1, -1, 0, -1, -1},
    {SYS_rmdir, "unlink", UNLINK, -1, -1, 0, -1, -1},
    {SYS_link, "link", LINK, -1, -1, 1, -1, -1},
    {SYS_chmod, "chmod", MODE, -1, -1, 0, -1, -1},
#endif
    /* The program makes none of these calls. They end the process, so that no change escapes the handler unnoticed. */
    {SYS_openat2, "openat2", FOREIGN, -1, -1, -1, -1, -1},
    {SYS_pwritev2, "pwritev2", FOREIGN, -1, -1, -1, -1, -1},
    {SYS_copy_file_range, "copy_file_range", FOREIGN, -1, -1, -1, -1, -1},
    {SYS_sendfile, "sendfile", FOREIGN, -1, -1, -1, -1, -1},
    {SYS_splice, "splice", FOREIGN, -1, -1, -1, -1, -1},
    {SYS_symlinkat, "symlink", FOREIGN, -1, -1, -1, -1, -1},
    {SYS_io_uring_setup, "io_uring_setup", FOREIGN, -1, -1, -1, -1, -1},
};
#define NUMBER_OF_CALLS (sizeof CALLS / sizeof *CALLS)

/* A name that was made, changed or deleted since the last flush of its folder. */
static struct change {
    enum sort sort; /* CREATE, RENAME or UNLINK */
    char path[LENGTH], from[LENGTH], aside[LENGTH];
} changes[MOST];
static int changed;

/* A file that was written since its last flush, and a descriptor of it. */
static struct { dev_t device; ino_t inode; int descriptor; } dirty[MOST];
static int dirtied;

static char folder[LENGTH], aside[LENGTH], only[LENGTH], kind[16];
static size_t folder_length;
static int log_descriptor;
static long at, seen;
static int asides, full, busy;
/* The way in which the power fails: the first letter of its kind, or 0. */
static char power;

static long call(long number, long a, long b, long c, long d, long e)
{
    int before = errno;
    long result = syscall(number, a, b, c, d, e, (long)MARK);
    result = result == -1 ? -errno : result;
    errno = before;
    return result;
}

static _Noreturn void end(const char *why, const char *what)
{
    char text[LENGTH];
    int length = snprintf(text, sizeof text, "the failing disk: %s: %s\n", why, what);
    call(SYS_write, 2, (long)text, length, 0, 0);
    call(SYS_exit_group, 99, 0, 0, 0, 0);
    __builtin_unreachable();
}

static _Noreturn void die(void)
{
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;)
        syscall(SYS_sched_yield);
}

static void of_descriptor(int descriptor, char *path)
{
    char link[64];
    snprintf(link, sizeof link, descriptor == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, LENGTH - 1);
    path[length < 0 ? 0 : length] = 0;
}

static void of_name(int descriptor, const char *name, char *path)
{
    path[0] = 0;
    if (name[0] != '/') {
        of_descriptor(descriptor, path);
        strncat(path, "/", LENGTH - 1 - strlen(path));
    }
    strncat(path, name, LENGTH - 1 - strlen(path));
}

static int below(const char *path, const char *parent, size_t length)
{
    return !strncmp(path, parent, length) && (path[length] == '/' || path[length] == 0);
}

static int there(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

static int of_sqlite(const char *path)
{
    return strstr(path, "/ledger.db") != NULL;
}

static void rebase(char *path, const char *from, const char *to)
{
    char moved[LENGTH];
    if (below(path, from, strlen(from))) {
        if (snprintf(moved, LENGTH, "%s%s", to, path + strlen(from)) >= LENGTH)
            end("the path is too long", to);
        memcpy(path, moved, LENGTH);
    }
}

static void rebase_before(int number, const char *from, const char *to)
{
    for (int i = 0; i < number; i++) {
        rebase(changes[i].path, from, to);
        rebase(changes[i].from, from, to);
    }
}

/* Gives a file another name, under which it is kept. */
static void keep(const char *path, char *kept)
{
    struct stat status;
    kept[0] = 0;
    if (lstat(path, &status) == 0 && S_ISREG(status.st_mode)) {
        snprintf(kept, LENGTH, "%.900s/%d", aside, asides++);
        if (call(SYS_linkat, AT_FDCWD, (long)path, AT_FDCWD, (long)kept, 0) < 0)
            end("cannot keep", path);
    }
}

static void move(const char *from, const char *to)
{
    if (call(SYS_renameat2, AT_FDCWD, (long)from, AT_FDCWD, (long)to, 0) < 0)
        end("cannot undo", from);
}

static void note_name(enum sort sort, const char *path, const char *from, const char *kept)
{
    if (changed == MOST)
        end("too many", "changes");
    struct change *change = &changes[changed++];
    change->sort = sort;
    snprintf(change->path, LENGTH, "%s", path);
    snprintf(change->from, LENGTH, "%s", from);
    snprintf(change->aside, LENGTH, "%s", kept);
}

static void note_flush(int descriptor, const char *path)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0)
        return;
    if (S_ISDIR(status.st_mode)) {
        int kept = 0;
        for (int i = 0; i < changed; i++) {
            const char *last = strrchr(changes[i].path, '/');
            size_t length = (size_t)(last - changes[i].path);
            int flushed = length == strlen(path) && !strncmp(changes[i].path, path, length);
            if (!flushed)
                changes[kept++] = changes[i];
        }
        changed = kept;
    }
    for (int i = 0; i < dirtied; i++)
        if (dirty[i].device == status.st_dev && dirty[i].inode == status.st_ino) {
            close(dirty[i].descriptor);
            dirty[i--] = dirty[--dirtied];
        }
}

static void note_write(int descriptor)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))
        return;
    for (int i = 0; i < dirtied; i++)
        if (dirty[i].device == status.st_dev && dirty[i].inode == status.st_ino)
            return;
    if (dirtied == MOST)
        end("too many", "files");
    dirty[dirtied].device = status.st_dev;
    dirty[dirtied].inode = status.st_ino;
    dirty[dirtied++].descriptor = fcntl(descriptor, F_DUPFD_CLOEXEC, 512);
}

static _Noreturn void power_fails(int names)
{
    for (int i = 0; i < dirtied; i++)
        if (call(SYS_ftruncate, dirty[i].descriptor, 0, 0, 0, 0) < 0)
            end("cannot lose", "data");
    for (int i = changed - 1; names && i >= 0; i--) {
        struct change *change = &changes[i];
        char lost[LENGTH];
        if (change->sort == CREATE && there(change->path)) {
            snprintf(lost, LENGTH, "%.900s/%d", aside, asides++);
            move(change->path, lost);
        } else if (change->sort == RENAME) {
            move(change->path, change->from);
            rebase_before(i, change->path, change->from);
        }
        if (change->aside[0])
            move(change->aside, change->path);
    }
    die();
}

static long half_of(const struct call *one, const long *a)
{
    if (one->number != SYS_write && one->number != SYS_pwrite64)
        end("half of it is not to be had", one->name);
    return call(one->number, a[0], a[1], a[2] / 2, a[3], 0);
}

static void wait_for_go(void)
{
    char name[LENGTH + 8];
    struct timespec moment = {0, 1000000};
    snprintf(name, sizeof name, "%s.paused", getenv("FAULT_LOG"));
    call(SYS_openat, AT_FDCWD, (long)name, O_CREAT | O_WRONLY, 0600, 0);
    snprintf(name, sizeof name, "%s.go", getenv("FAULT_LOG"));
    while (!there(name))
        nanosleep(&moment, NULL);
}

/* Makes a call, and records what it changed. */
static long done(const struct call *one, const long *a, const char *path, const char *target)
{
    const char *name = one->sort == RENAME ? target : path;
    int noted = power && !of_sqlite(name);
    char kept[LENGTH] = "";
    int was_there = there(name);
    if (noted && (one->sort == RENAME || one->sort == UNLINK))
        keep(name, kept);
    long result = call(one->number, a[0], a[1], a[2], a[3], a[4]);
    if (!noted || result < 0)
        return result;
    if (one->sort == FLUSH && power != 'l')
        note_flush((int)a[0], path);
    else if (one->sort == WRITE || one->sort == SIZE)
        note_write((int)a[0]);
    else if (one->sort == UNLINK && kept[0])
        note_name(UNLINK, path, "", kept);
    else if (one->sort == RENAME) {
        rebase_before(changed, path, target);
        note_name(RENAME, target, path, kept);
    } else if (!was_there && (one->sort == CREATE || one->sort == DIRECTORY || one->sort == LINK))
        note_name(CREATE, path, "", "");
    return result;
}

static long handle(const struct call *one, const long *a)
{
    char path[LENGTH] = "", target[LENGTH] = "", line[2 * LENGTH];
    if (one->sort == FOREIGN)
        end("this call is not foreseen", one->name);
    if (one->sort == END)
        snprintf(path, LENGTH, "%s", folder);
    else if (one->descriptor >= 0)
        of_descriptor((int)a[one->descriptor], path);
    else
        of_name(one->at < 0 ? AT_FDCWD : (int)a[one->at], (const char *)a[one->path], path);
    if (one->sort == RENAME)
        of_name(one->at2 < 0 ? AT_FDCWD : (int)a[one->at2], (const char *)a[one->path2], target);
    int ours = below(path, folder, folder_length);
    if (one->sort == CREATE) {
        long flags = one->number == SYS_openat ? a[2] : one->at < 0 && one->path == 0 ? a[1] : 0;
        ours = ours && ((flags & O_CREAT && !there(path)) || flags & O_TRUNC);
    }
    if (!ours || (only[0] && !strstr(path, only) && one->sort != END))
        return call(one->number, a[0], a[1], a[2], a[3], a[4]);
    while (__atomic_test_and_set(&busy, __ATOMIC_ACQUIRE))
        ;
    seen++;
    int length = snprintf(line, sizeof line, "%s %s\n", one->name, path);
    call(SYS_write, log_descriptor, (long)line, length, 0, 0);
    int now = seen == at;
    int space = one->sort == CREATE || one->sort == DIRECTORY || one->sort == WRITE || one->sort == SIZE
        || one->sort == LINK;
    long result;
    if (now && (!strcmp(kind, "kill") || !strcmp(kind, "half"))) {
        if (!strcmp(kind, "half") && one->sort == WRITE)
            half_of(one, a);
        die();
    } else if (now && power) {
        power_fails(power != 'd');
    } else if (now && !strcmp(kind, "eio") && one->sort != END) {
        result = -EIO;
    } else if (full && space) {
        result = -ENOSPC;
    } else if (now && !strcmp(kind, "enospc") && space) {
        full = 1;
        result = -ENOSPC;
    } else if (now && !strcmp(kind, "short") && one->sort == WRITE) {
        full = 1;
        result = half_of(one, a);
    } else {
        if (now && !strcmp(kind, "pause"))
            wait_for_go();
        result = done(one, a, path, target);
    }
    __atomic_clear(&busy, __ATOMIC_RELEASE);
    return result;
}

static void on_call(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    ucontext_t *state = context;
    int before = errno;
    long arguments[6];
    for (int i = 0; i < 6; i++)
        arguments[i] = (long)ARGUMENT(state, i);
    for (size_t i = 0; i < NUMBER_OF_CALLS; i++)
        if (CALLS[i].number == info->si_syscall) {
            RESULT(state) = handle(&CALLS[i], arguments);
            break;
        }
    errno = before;
}

__attribute__((constructor)) static void begin(void)
{
    const char *text = getenv("FAULT_DIR");
    if (text == NULL)
        return;
    snprintf(folder, LENGTH, "%s", text);
    folder_length = strlen(folder);
    snprintf(kind, sizeof kind, "%s", getenv("FAULT_KIND") ? getenv("FAULT_KIND") : "count");
    power = !strcmp(kind, "names") || !strcmp(kind, "data") || !strcmp(kind, "lies") ? kind[0] : 0;
    snprintf(only, LENGTH, "%s", getenv("FAULT_ON") ? getenv("FAULT_ON") : "");
    at = getenv("FAULT_AT") ? atol(getenv("FAULT_AT")) : 0;
    const char *log = getenv("FAULT_LOG");
    snprintf(aside, LENGTH, "%s.aside", log);
    mkdir(aside, 0700);
    log_descriptor = fcntl(open(log, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600), F_DUPFD_CLOEXEC, 500);
    if (log_descriptor < 0)
        end("cannot write", log);
    struct sigaction action = {.sa_sigaction = on_call, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigaction(SIGSYS, &action, NULL);

    struct sock_filter filter[2 * NUMBER_OF_CALLS + 8];
    unsigned short length = 0;
#define ADD(...) filter[length++] = (struct sock_filter)__VA_ARGS__
    ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0));
    ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[5])));
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MARK, 0, 1));
    ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
    for (size_t i = 0; i < NUMBER_OF_CALLS; i++) {
        ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)CALLS[i].number, 0, 1));
        ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP));
    }
    ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    struct sock_fprog program = {.len = length, .filter = filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        end("no filter of system calls", strerror(errno));
}
