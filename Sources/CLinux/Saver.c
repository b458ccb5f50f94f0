// Replacing a file so that a crash leaves the old or the new one, and the one thread of a node that
// does so in the background. Jobs run in the order in which they were given; of those that wait only
// the newest is written. What a result means for the promises of a node is not decided here.
#define _GNU_SOURCE
#include "CLinux.h"

#ifdef __linux__
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <unistd.h>

static int write_whole(int descriptor, const uint8_t *bytes, uint64_t length) {
    while (length > 0) {
        ssize_t count = write(descriptor, bytes, length);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno;
        bytes += count;
        length -= (uint64_t)count;
    }
    return 0;
}

static int sync_directory(const char *directory) {
    int descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return errno;
    int failure = fsync(descriptor) < 0 ? errno : 0;
    close(descriptor);
    return failure;
}

// With `held`, the new file is locked before it takes its place and stays open as *held, in place of
// the one before: whoever opens the path finds it locked at any time.
static int32_t replace(
    const char *temporary, const char *path, const char *directory, const uint8_t *bytes,
    uint64_t length, int32_t sync, int32_t *step, int *held) {
    *step = CLINUX_STEP_CREATE;
    int descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (descriptor < 0) return -errno;
    *step = CLINUX_STEP_WRITE;
    int failure = write_whole(descriptor, bytes, length);
    // Always: the rename may reach the disk before the data, and would leave an empty file in the
    // place of one that was synced.
    if (failure == 0) {
        *step = CLINUX_STEP_SYNC;
        if (fsync(descriptor) < 0) failure = errno;
    }
    // What a file system that knows no locks says does not matter: the lock is a courtesy to others.
    int keeps = held != NULL && failure == 0 && flock(descriptor, LOCK_EX | LOCK_NB) == 0;
    if (!keeps && close(descriptor) < 0 && failure == 0 && errno != EINTR) {
        *step = CLINUX_STEP_WRITE;
        failure = errno;
    }
    if (failure == 0) {
        *step = CLINUX_STEP_RENAME;
        if (rename(temporary, path) < 0) failure = errno;
    }
    if (failure != 0) {
        unlink(temporary);
        if (keeps) close(descriptor);
        return -failure;
    }
    if (keeps) {
        if (*held >= 0) close(*held);
        *held = descriptor;
    }
    if (sync) {
        *step = CLINUX_STEP_SYNC_DIRECTORY;
        failure = sync_directory(directory);
    }
    if (failure == 0) *step = CLINUX_STEP_NONE;
    return -failure;
}

int32_t clinux_replace(
    const char *temporary, const char *path, const char *directory, const uint8_t *bytes,
    uint64_t length, int32_t sync, int32_t *step) {
    return replace(temporary, path, directory, bytes, length, sync, step, NULL);
}

typedef struct {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work;
    char *temporary, *path, *directory;
    int descriptor;
    int held;  // the file as it was last saved, locked; -1 for none
    int stopping, waiting, sync;
    uint8_t *bytes;
    uint64_t length, generation;
    clinux_save_result success, failure;
    int has_success, has_failure;
} saver_state;

static saver_state *state_of(uint64_t saver) { return (saver_state *)(uintptr_t)saver; }

// Called with the lock held.
static void deliver(saver_state *saver, clinux_save_result result) {
    if (result.error == 0) {
        saver->success = result;
        saver->has_success = 1;
        saver->has_failure = 0;
    } else {
        saver->failure = result;
        saver->has_failure = 1;
    }
    uint64_t one = 1;
    ssize_t ignored = write(saver->descriptor, &one, sizeof one);
    (void)ignored;
}

static void *run(void *argument) {
    saver_state *saver = argument;
    pthread_mutex_lock(&saver->lock);
    for (;;) {
        while (!saver->waiting && !saver->stopping) pthread_cond_wait(&saver->work, &saver->lock);
        if (!saver->waiting) break;
        uint8_t *bytes = saver->bytes;
        uint64_t length = saver->length;
        int sync = saver->sync;
        clinux_save_result result = {saver->generation, 0, CLINUX_STEP_NONE};
        saver->bytes = NULL;
        saver->waiting = saver->sync = 0;
        pthread_mutex_unlock(&saver->lock);
        result.error = -replace(
            saver->temporary, saver->path, saver->directory, bytes, length, sync, &result.step,
            &saver->held);
        free(bytes);
        pthread_mutex_lock(&saver->lock);
        // What a failed job owed to the disk is owed by the next one, which may hide its result.
        if (result.error != 0 && sync) saver->sync = 1;
        deliver(saver, result);
    }
    pthread_mutex_unlock(&saver->lock);
    return NULL;
}

static void release(saver_state *saver) {
    if (saver->descriptor >= 0) close(saver->descriptor);
    if (saver->held >= 0) close(saver->held);
    free(saver->bytes);
    free(saver->temporary);
    free(saver->path);
    free(saver->directory);
    pthread_cond_destroy(&saver->work);
    pthread_mutex_destroy(&saver->lock);
    free(saver);
}

enum { STACK_BYTES = 128 * 1024 };

// Starts the thread with all signals blocked, so that they reach the thread of the loop.
static int start_thread(saver_state *saver) {
    pthread_attr_t attributes;
    int failure = pthread_attr_init(&attributes);
    if (failure != 0) return failure;
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failure = pthread_create(&saver->thread, &attributes, run, saver);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return failure;
}

uint64_t clinux_saver_start(
    const char *temporary, const char *path, const char *directory, int32_t *error) {
    saver_state *saver = calloc(1, sizeof *saver);
    if (saver == NULL) {
        *error = ENOMEM;
        return 0;
    }
    saver->held = -1;
    pthread_mutex_init(&saver->lock, NULL);
    pthread_cond_init(&saver->work, NULL);
    saver->temporary = strdup(temporary);
    saver->path = strdup(path);
    saver->directory = strdup(directory);
    saver->descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    *error = saver->descriptor < 0 ? errno : 0;
    if (!saver->temporary || !saver->path || !saver->directory) *error = ENOMEM;
    if (*error == 0) *error = start_thread(saver);
    if (*error != 0) {
        release(saver);
        return 0;
    }
    return (uint64_t)(uintptr_t)saver;
}

int32_t clinux_saver_descriptor(uint64_t saver) { return state_of(saver)->descriptor; }

int32_t clinux_saver_submit(
    uint64_t handle, uint64_t generation, const uint8_t *bytes, uint64_t length, int32_t sync) {
    saver_state *saver = state_of(handle);
    uint8_t *copy = malloc(length > 0 ? length : 1);
    if (copy == NULL) return -ENOMEM;
    if (length > 0) memcpy(copy, bytes, length);
    pthread_mutex_lock(&saver->lock);
    uint8_t *overtaken = saver->bytes;
    saver->bytes = copy;
    saver->length = length;
    saver->generation = generation;
    saver->sync = saver->sync || sync;
    saver->waiting = 1;
    pthread_cond_signal(&saver->work);
    pthread_mutex_unlock(&saver->lock);
    free(overtaken);
    return 0;
}

int32_t clinux_saver_results(uint64_t handle, clinux_save_result *two) {
    saver_state *saver = state_of(handle);
    int32_t count = 0;
    uint64_t ignored;
    pthread_mutex_lock(&saver->lock);
    while (read(saver->descriptor, &ignored, sizeof ignored) < 0 && errno == EINTR) {
    }
    if (saver->has_success) two[count++] = saver->success;
    if (saver->has_failure) two[count++] = saver->failure;
    saver->has_success = saver->has_failure = 0;
    pthread_mutex_unlock(&saver->lock);
    return count;
}

void clinux_saver_stop(uint64_t handle) {
    saver_state *saver = state_of(handle);
    pthread_mutex_lock(&saver->lock);
    saver->stopping = 1;
    pthread_cond_signal(&saver->work);
    pthread_mutex_unlock(&saver->lock);
    pthread_join(saver->thread, NULL);
    release(saver);
}
#endif
