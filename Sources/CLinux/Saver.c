// The two threads of a node that save one file in the background. One writes and renames; jobs run in
// the order in which they were given, and of those that wait only the newest is written. The other one
// syncs what is in place. What a result means for the promises of a node is not decided here.
#define _GNU_SOURCE
#include "SavedFile.h"

#ifdef __linux__
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

typedef struct {
    pthread_t writer, syncer;
    int threads;  // how many of them were started
    pthread_mutex_t lock;
    pthread_cond_t work, dirty;
    saved_file file;
    int descriptor;
    int stopping, writer_ended, waiting, sync, awaited, urgent;
    uint8_t *bytes;
    uint64_t length, generation;
    uint64_t owed_sync;  // one that is in place and waits for a sync; 0 for none
    int owed_at_once;    // that sync may not wait for others
    int watched;         // the owner looks for results itself, and needs no wake-up
    int signalled;       // the descriptor is readable
    clinux_save_results results;
    // For those who look without the lock.
    atomic_int has_job;
    atomic_ullong has_renamed;
    atomic_int has_failed;
} saver_state;

static saver_state *state_of(uint64_t saver) { return (saver_state *)(uintptr_t)saver; }

// MARK: Looking out instead of sleeping

// How long the writer looks out for a job after one that somebody waited for.
enum { LOOKOUT_MICROSECONDS = 60 };

static uint64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int has_processors(void) {
    static atomic_int count = 0;
    int known = atomic_load(&count);
    if (known == 0) {
        known = (int)sysconf(_SC_NPROCESSORS_ONLN);
        atomic_store(&count, known);
    }
    return known > 1;
}

static void look_out_for_job(saver_state *saver) {
    if (!has_processors()) return;
    uint64_t end = nanoseconds() + LOOKOUT_MICROSECONDS * 1000u;
    while (!atomic_load_explicit(&saver->has_job, memory_order_acquire) && nanoseconds() < end) {
        // The owner may share the processor.
        sched_yield();
    }
}

// MARK: Results, all with the lock held

static void wake_owner(saver_state *saver) {
    if (saver->watched || saver->signalled) return;
    saver->signalled = 1;
    uint64_t one = 1;
    ssize_t ignored = write(saver->descriptor, &one, sizeof one);
    (void)ignored;
}

static void tell_failure(saver_state *saver, uint64_t generation, int error, int32_t step) {
    saver->results.failed = generation;
    saver->results.error = error;
    saver->results.step = step;
    // What a failed job owed to the disk is owed by the next one.
    saver->sync = 1;
    atomic_store(&saver->has_failed, 1);
    wake_owner(saver);
}

static void tell_renamed(saver_state *saver, uint64_t generation) {
    saver->results.renamed = generation;
    atomic_store_explicit(&saver->has_renamed, generation, memory_order_release);
    wake_owner(saver);
}

static void tell_synced(saver_state *saver, uint64_t generation) {
    saver->results.synced = generation;
    if (saver->results.failed != 0 && saver->results.failed <= generation) {
        saver->results.failed = 0;
        atomic_store(&saver->has_failed, 0);
    }
    wake_owner(saver);
}

// MARK: Writing

// Called with the lock held, as is what follows.
static void look_out(saver_state *saver) {
    pthread_mutex_unlock(&saver->lock);
    look_out_for_job(saver);
    pthread_mutex_lock(&saver->lock);
    if (saver->waiting) return;
    pthread_mutex_unlock(&saver->lock);
    saved_file_unprepare(&saver->file);
    pthread_mutex_lock(&saver->lock);
}

static void write_job(saver_state *saver) {
    uint8_t *bytes = saver->bytes;
    uint64_t length = saver->length, generation = saver->generation;
    int sync = saver->sync, awaited = saver->awaited, urgent = saver->urgent;
    saver->bytes = NULL;
    saver->waiting = saver->sync = saver->awaited = saver->urgent = 0;
    atomic_store_explicit(&saver->has_job, 0, memory_order_relaxed);
    pthread_mutex_unlock(&saver->lock);
    int32_t step;
    int failure = saved_file_put(&saver->file, generation, bytes, length, &step);
    pthread_mutex_lock(&saver->lock);
    if (failure != 0) {
        free(bytes);
        tell_failure(saver, generation, failure, step);
        return;
    }
    tell_renamed(saver, generation);
    if (sync) {
        if (saver->owed_sync == 0 || (urgent && !saver->owed_at_once)) {
            pthread_cond_signal(&saver->dirty);
        }
        saver->owed_sync = generation;
        saver->owed_at_once = saver->owed_at_once || urgent;
    }
    int looks_out = awaited && !saver->stopping && has_processors();
    pthread_mutex_unlock(&saver->lock);
    free(bytes);
    saved_file_tidy(&saver->file, looks_out);
    pthread_mutex_lock(&saver->lock);
    if (looks_out) look_out(saver);
}

static void *write_jobs(void *argument) {
    saver_state *saver = argument;
    pthread_mutex_lock(&saver->lock);
    for (;;) {
        while (!saver->waiting && !saver->stopping) pthread_cond_wait(&saver->work, &saver->lock);
        if (!saver->waiting) break;
        write_job(saver);
    }
    saver->writer_ended = 1;
    pthread_cond_signal(&saver->dirty);
    pthread_mutex_unlock(&saver->lock);
    return NULL;
}

// MARK: Syncing

// A sync makes renames wait. While one save follows another, and only clients ask for them, so much time
// goes by between two of them.
enum { SYNC_PAUSE_MILLISECONDS = 20 };

// Called with the lock held: waits until the pause is over or the sync may not wait.
static void pause_syncs(saver_state *saver, uint64_t last) {
    uint64_t end = last + SYNC_PAUSE_MILLISECONDS * 1000000u;
    struct timespec time = {(time_t)(end / 1000000000u), (long)(end % 1000000000u)};
    while (!saver->owed_at_once && !saver->writer_ended && nanoseconds() < end) {
        pthread_cond_timedwait(&saver->dirty, &saver->lock, &time);
    }
}

static void *sync_jobs(void *argument) {
    saver_state *saver = argument;
    uint64_t last = 0;
    pthread_mutex_lock(&saver->lock);
    for (;;) {
        while (saver->owed_sync == 0 && !saver->writer_ended) {
            pthread_cond_wait(&saver->dirty, &saver->lock);
        }
        if (saver->owed_sync == 0) break;
        if (last != 0) pause_syncs(saver, last);
        uint64_t generation = saver->owed_sync, found;
        saver->owed_at_once = 0;
        pthread_mutex_unlock(&saver->lock);
        int32_t step;
        int failure = saved_file_sync(&saver->file, &found, &step);
        last = nanoseconds();
        pthread_mutex_lock(&saver->lock);
        if (found > generation) generation = found;
        if (saver->owed_sync <= generation) saver->owed_sync = 0;
        if (failure != 0) {
            tell_failure(saver, generation, failure, step);
        } else {
            tell_synced(saver, generation);
        }
    }
    pthread_mutex_unlock(&saver->lock);
    return NULL;
}

// MARK: Life

static void release(saver_state *saver) {
    if (saver->descriptor >= 0) close(saver->descriptor);
    saved_file_free(&saver->file);
    free(saver->bytes);
    pthread_cond_destroy(&saver->work);
    pthread_cond_destroy(&saver->dirty);
    pthread_mutex_destroy(&saver->lock);
    free(saver);
}

enum { STACK_BYTES = 128 * 1024 };

// Starts the threads with all signals blocked, so that they reach the thread of the loop.
static int start_threads(saver_state *saver) {
    pthread_attr_t attributes;
    int failure = pthread_attr_init(&attributes);
    if (failure != 0) return failure;
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failure = pthread_create(&saver->writer, &attributes, write_jobs, saver);
    if (failure == 0) {
        saver->threads = 1;
        failure = pthread_create(&saver->syncer, &attributes, sync_jobs, saver);
        if (failure == 0) saver->threads = 2;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return failure;
}

// What another process left in place is not on the disk for that; nobody may be told of it before.
static int sync_what_is_there(saved_file *file) {
    unlink(file->temporary);
    if (access(file->path, F_OK) < 0) {
        // Whatever is kept was another node's.
        unlink(file->kept);
        return 0;
    }
    uint64_t ignored;
    int32_t step;
    return saved_file_sync(file, &ignored, &step);
}

uint64_t clinux_saver_start(
    const char *path, const char *temporary, const char *kept, const char *kept_temporary,
    const char *directory, int32_t *error) {
    saver_state *saver = calloc(1, sizeof *saver);
    if (saver == NULL) {
        *error = ENOMEM;
        return 0;
    }
    pthread_mutex_init(&saver->lock, NULL);
    pthread_cond_init(&saver->work, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&saver->dirty, &attributes);
    pthread_condattr_destroy(&attributes);
    *error = saved_file_init(
        &saver->file, path, temporary, kept, kept_temporary, directory);
    saver->descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (saver->descriptor < 0) *error = errno;
    if (*error == 0) *error = sync_what_is_there(&saver->file);
    if (*error == 0) *error = start_threads(saver);
    if (*error != 0) {
        clinux_saver_stop((uint64_t)(uintptr_t)saver);
        return 0;
    }
    return (uint64_t)(uintptr_t)saver;
}

int32_t clinux_saver_adopt(uint64_t saver) {
    return -sync_what_is_there(&state_of(saver)->file);
}

void clinux_saver_finish(uint64_t handle) {
    saver_state *saver = state_of(handle);
    pthread_mutex_lock(&saver->lock);
    saver->stopping = 1;
    if (saver->threads < 2) saver->writer_ended = 1;
    pthread_cond_signal(&saver->work);
    pthread_mutex_unlock(&saver->lock);
    if (saver->threads > 0) pthread_join(saver->writer, NULL);
    if (saver->threads > 1) pthread_join(saver->syncer, NULL);
    saver->threads = 0;
}

void clinux_saver_stop(uint64_t handle) {
    clinux_saver_finish(handle);
    release(state_of(handle));
}

// MARK: For the owner

int32_t clinux_saver_descriptor(uint64_t saver) { return state_of(saver)->descriptor; }

int32_t clinux_saver_submit(
    uint64_t handle, uint64_t generation, const uint8_t *bytes, uint64_t length, int32_t sync,
    int32_t awaited) {
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
    saver->awaited = saver->awaited || awaited;
    saver->urgent = saver->urgent || (sync && !awaited);
    saver->waiting = 1;
    atomic_store_explicit(&saver->has_job, 1, memory_order_release);
    pthread_cond_signal(&saver->work);
    pthread_mutex_unlock(&saver->lock);
    free(overtaken);
    return 0;
}

int32_t clinux_saver_await(uint64_t handle, uint64_t generation, uint32_t microseconds) {
    saver_state *saver = state_of(handle);
    if (!has_processors()) return 0;
    pthread_mutex_lock(&saver->lock);
    saver->watched = 1;
    int is_done = saver->results.renamed >= generation || saver->results.failed != 0;
    pthread_mutex_unlock(&saver->lock);
    uint64_t end = nanoseconds() + (uint64_t)microseconds * 1000u;
    while (!is_done && nanoseconds() < end) {
        sched_yield();
        is_done = atomic_load_explicit(&saver->has_renamed, memory_order_acquire) >= generation
            || atomic_load(&saver->has_failed);
    }
    pthread_mutex_lock(&saver->lock);
    saver->watched = 0;
    is_done = saver->results.renamed != 0 || saver->results.synced != 0
        || saver->results.failed != 0;
    pthread_mutex_unlock(&saver->lock);
    return is_done;
}

void clinux_saver_results(uint64_t handle, clinux_save_results *results) {
    saver_state *saver = state_of(handle);
    uint64_t ignored;
    pthread_mutex_lock(&saver->lock);
    while (saver->signalled && read(saver->descriptor, &ignored, sizeof ignored) < 0
           && errno == EINTR) {
    }
    saver->signalled = 0;
    *results = saver->results;
    memset(&saver->results, 0, sizeof saver->results);
    atomic_store(&saver->has_failed, 0);
    pthread_mutex_unlock(&saver->lock);
}
#endif
