// Replacing one file so that a crash leaves the old or the new one, and a loss of power too.
#define _GNU_SOURCE
#include "Replace.h"

#ifdef __linux__
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int clinux_create(const char *path) {
    // What has the name already may be another name of a file that is kept: it is not written into.
    for (;;) {
        int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (descriptor >= 0 || errno != EEXIST || unlink(path) < 0) return descriptor;
    }
}

int clinux_write_whole(int descriptor, const uint8_t *bytes, uint64_t length) {
    while (length > 0) {
        ssize_t count = write(descriptor, bytes, length);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno;
        bytes += count;
        length -= (uint64_t)count;
    }
    return 0;
}

int clinux_sync_directory(const char *directory) {
    int descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return errno;
    int failure = fsync(descriptor) < 0 ? errno : 0;
    close(descriptor);
    return failure;
}

int32_t clinux_replace(
    const char *temporary, const char *path, const char *directory, const uint8_t *bytes,
    uint64_t length, int32_t sync, int32_t *step) {
    *step = CLINUX_STEP_CREATE;
    int descriptor = clinux_create(temporary);
    if (descriptor < 0) return -errno;
    // Who may read the old file, and nobody else, may read the new one: a password may stand in it.
    struct stat old;
    if (stat(path, &old) == 0 && fchmod(descriptor, old.st_mode & 0777) < 0) {
        int failure = errno;
        close(descriptor);
        unlink(temporary);
        return -failure;
    }
    *step = CLINUX_STEP_WRITE;
    int failure = clinux_write_whole(descriptor, bytes, length);
    // Always: the rename may reach the disk before the data, and would leave an empty file in the
    // place of one that was synced.
    if (failure == 0) {
        *step = CLINUX_STEP_SYNC;
        if (fsync(descriptor) < 0) failure = errno;
    }
    if (close(descriptor) < 0 && failure == 0 && errno != EINTR) {
        *step = CLINUX_STEP_WRITE;
        failure = errno;
    }
    if (failure == 0) {
        *step = CLINUX_STEP_RENAME;
        if (rename(temporary, path) < 0) failure = errno;
    }
    if (failure != 0) {
        unlink(temporary);
        return -failure;
    }
    if (sync) {
        *step = CLINUX_STEP_SYNC_DIRECTORY;
        failure = clinux_sync_directory(directory);
    }
    if (failure == 0) *step = CLINUX_STEP_NONE;
    return -failure;
}
#endif
