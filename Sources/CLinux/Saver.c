// The two threads of a node that save one file in the background. One writes and renames; jobs run in
// the order in which they were given, and of those that wait only the newest is written. The other one
// syncs what is in place. While a client waits, and the disk has just been quick and is not syncing for
// us, the owner may do the writing itself: two threads that wake each other cost more than the save.
// What a result means for the promises of a node is not decided here.
#define _GNU_SOURCE
#include "SavedFile.h"

#ifdef __linux__
#include <errno.h>
#include <pthread.h>
#include <signal.h>
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
    int busy;     // somebody is at the file
    int prepared; // there may be a file that was made in advance
    int syncing;  // a sync is under way
    uint64_t put_at, put_took;  // when the newest save was in place, and how long that took
    uint64_t awaited_at;        // the same of the newest that a client waited for
    uint8_t *bytes;
    uint64_t length, generation;
    uint64_t owed_sync;  // one that is in place and waits for a sync; 0 for none
    uint64_t owed_since;
    int owed_at_once;    // that sync may not wait for others
    int signalled;       // the descriptor is readable
    clinux_save_results results;
} saver_state;

static saver_state *state_of(uint64_t saver) { return (saver_state *)(uintptr_t)saver; }

static uint64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

// MARK: Results, all with the lock held

static void wake_owner(saver_state *saver) {
    if (saver->signalled) return;
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
    wake_owner(saver);
}

static void tell_renamed(saver_state *saver, uint64_t generation) {
    saver->results.renamed = generation;
    wake_owner(saver);
}

static void tell_synced(saver_state *saver, uint64_t generation) {
    saver->results.synced = generation;
    if (saver->results.failed != 0 && saver->results.failed <= generation) {
        saver->results.failed = 0;
    }
    wake_owner(saver);
}

// MARK: Writing

// What follows is called with the lock held.

enum {
    // A disk is trusted to be quick for so long after it was.
    TRUST_MICROSECONDS = 20000,
    QUICK_MICROSECONDS = 1000,
    // Nothing was asked for for so long: nothing is made in advance any more.
    REST_MICROSECONDS = 100000
};

// Bytes of a save that the owner may write itself.
enum { LONGEST_PUT = 65536 };

static void owe_sync(saver_state *saver, uint64_t generation, int urgent) {
    if (saver->owed_sync == 0) saver->owed_since = nanoseconds();
    if (saver->owed_sync == 0 || (urgent && !saver->owed_at_once)) {
        pthread_cond_signal(&saver->dirty);
    }
    saver->owed_sync = generation;
    saver->owed_at_once = saver->owed_at_once || urgent;
}

static void write_job(saver_state *saver) {
    uint8_t *bytes = saver->bytes;
    uint64_t length = saver->length, generation = saver->generation;
    int sync = saver->sync, urgent = saver->urgent;
    // More may follow while clients wait for one after another.
    int awaited = saver->awaited, prepares = awaited || saver->prepared;
    saver->bytes = NULL;
    saver->waiting = saver->sync = saver->awaited = saver->urgent = 0;
    saver->busy = 1;
    pthread_mutex_unlock(&saver->lock);
    int32_t step;
    uint64_t begun = nanoseconds();
    int failure = saved_file_put(&saver->file, generation, bytes, length, &step);
    uint64_t ended = nanoseconds();
    pthread_mutex_lock(&saver->lock);
    if (failure == 0) {
        saver->put_at = ended;
        saver->put_took = ended - begun;
        if (awaited) saver->awaited_at = ended;
        tell_renamed(saver, generation);
        if (sync) owe_sync(saver, generation, urgent);
    } else {
        saver->put_at = 0;
        tell_failure(saver, generation, failure, step);
    }
    pthread_mutex_unlock(&saver->lock);
    free(bytes);
    if (failure == 0) saved_file_tidy(&saver->file, prepares);
    pthread_mutex_lock(&saver->lock);
    saver->prepared = prepares;
    saver->busy = 0;
}

static void rest(saver_state *saver) {
    saver->busy = 1;
    pthread_mutex_unlock(&saver->lock);
    saved_file_unprepare(&saver->file);
    pthread_mutex_lock(&saver->lock);
    saver->busy = saver->prepared = 0;
}

static struct timespec time_of(uint64_t nanoseconds) {
    struct timespec time = {
        (time_t)(nanoseconds / 1000000000u), (long)(nanoseconds % 1000000000u)};
    return time;
}

static void *write_jobs(void *argument) {
    saver_state *saver = argument;
    pthread_mutex_lock(&saver->lock);
    for (;;) {
        while (!saver->waiting && !saver->stopping) {
            if (!saver->prepared) {
                pthread_cond_wait(&saver->work, &saver->lock);
                continue;
            }
            uint64_t pause = REST_MICROSECONDS * 1000u, now = nanoseconds();
            if (!saver->busy && now >= saver->awaited_at + pause) {
                rest(saver);
                continue;
            }
            struct timespec time = time_of((saver->busy ? now : saver->awaited_at) + pause);
            pthread_cond_timedwait(&saver->work, &saver->lock, &time);
        }
        if (!saver->waiting) break;
        write_job(saver);
    }
    rest(saver);
    saver->writer_ended = 1;
    pthread_cond_signal(&saver->dirty);
    pthread_mutex_unlock(&saver->lock);
    return NULL;
}

// MARK: Syncing

// A sync makes renames wait, and while one is under way no save is made at once: one that only clients
// wait for lets others join it for so long.
enum { SYNC_PAUSE_MILLISECONDS = 20 };

// Called with the lock held: waits until the pause is over or the sync may not wait.
static void pause_sync(saver_state *saver) {
    uint64_t end = saver->owed_since + SYNC_PAUSE_MILLISECONDS * 1000000u;
    struct timespec time = time_of(end);
    while (!saver->owed_at_once && !saver->writer_ended && nanoseconds() < end) {
        pthread_cond_timedwait(&saver->dirty, &saver->lock, &time);
    }
}

static void *sync_jobs(void *argument) {
    saver_state *saver = argument;
    pthread_mutex_lock(&saver->lock);
    for (;;) {
        while (saver->owed_sync == 0 && !saver->writer_ended) {
            pthread_cond_wait(&saver->dirty, &saver->lock);
        }
        if (saver->owed_sync == 0) break;
        pause_sync(saver);
        uint64_t generation = saver->owed_sync, found;
        saver->owed_at_once = 0;
        saver->syncing = 1;
        pthread_mutex_unlock(&saver->lock);
        int32_t step;
        int failure = saved_file_sync(&saver->file, &found, &step);
        pthread_mutex_lock(&saver->lock);
        saver->syncing = 0;
        if (found > generation) generation = found;
        if (saver->owed_sync <= generation) saver->owed_sync = 0;
        saver->owed_since = nanoseconds();
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
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&saver->work, &attributes);
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
    int32_t awaited, int32_t urgent) {
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
    saver->urgent = saver->urgent || urgent;
    saver->waiting = 1;
    pthread_cond_signal(&saver->work);
    pthread_mutex_unlock(&saver->lock);
    free(overtaken);
    return 0;
}

int32_t clinux_saver_put(
    uint64_t handle, uint64_t generation, const uint8_t *bytes, uint64_t length, int32_t sync,
    int32_t urgent) {
    saver_state *saver = state_of(handle);
    uint64_t begun = nanoseconds();
    pthread_mutex_lock(&saver->lock);
    int may = !saver->busy && !saver->waiting && !saver->stopping && !saver->syncing
        && !saver->sync && saver->put_at != 0
        && begun - saver->put_at < TRUST_MICROSECONDS * 1000u
        && saver->put_took < QUICK_MICROSECONDS * 1000u && length <= LONGEST_PUT;
    if (may) saver->busy = 1;
    pthread_mutex_unlock(&saver->lock);
    if (!may) return 0;
    int32_t step;
    int failure = saved_file_put_quickly(&saver->file, generation, bytes, length, &step);
    uint64_t ended = nanoseconds();
    pthread_mutex_lock(&saver->lock);
    // Why it failed is found out by the thread, which does it again.
    saver->put_at = failure == 0 ? ended : 0;
    saver->awaited_at = ended;
    saver->put_took = ended - begun;
    if (failure != 0) saver->busy = 0;
    if (failure == 0 && sync) owe_sync(saver, generation, urgent);
    pthread_mutex_unlock(&saver->lock);
    return failure == 0;
}

void clinux_saver_tidy(uint64_t handle) {
    saver_state *saver = state_of(handle);
    saved_file_tidy(&saver->file, 1);
    pthread_mutex_lock(&saver->lock);
    saver->busy = 0;
    pthread_mutex_unlock(&saver->lock);
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
    pthread_mutex_unlock(&saver->lock);
}
#endif
