// The file of a saver. A rename that reaches the disk before its data would leave an empty file in the
// place of one that was synced: so the one that was last synced stays beside it, as a hard link, until a
// newer one is synced, and the start of a node takes it when the file is empty or torn. Nothing is written
// over what was saved: each save is a new file, or an old one that was emptied where the disk is known to
// learn of that before it learns of the name.
#define _GNU_SOURCE
#include "SavedFile.h"

#ifdef __linux__
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "Replace.h"

// File systems whose journal keeps the order of what is done to names and lengths, so that a file which
// was emptied and then named is never found with what was in it before: ext4, XFS, tmpfs.
static int keeps_order(const char *directory) {
    struct statfs status;
    if (statfs(directory, &status) < 0) return 0;
    switch ((unsigned long)status.f_type) {
        case 0xEF53: case 0x58465342: case 0x01021994: return 1;
        default: return 0;
    }
}

int saved_file_init(
    saved_file *file, const char *path, const char *temporary, const char *kept,
    const char *kept_temporary, const char *directory) {
    pthread_mutex_init(&file->place, NULL);
    file->held = file->former = file->spare = -1;
    file->path = strdup(path);
    file->temporary = strdup(temporary);
    file->kept = strdup(kept);
    file->kept_temporary = strdup(kept_temporary);
    file->directory = strdup(directory);
    file->reuses = keeps_order(directory);
    int has_names = file->path && file->temporary && file->kept && file->kept_temporary
        && file->directory;
    return has_names ? 0 : ENOMEM;
}

void saved_file_free(saved_file *file) {
    if (file->held >= 0) close(file->held);
    free(file->path);
    free(file->temporary);
    free(file->kept);
    free(file->kept_temporary);
    free(file->directory);
    pthread_mutex_destroy(&file->place);
}

// MARK: Putting in place

// So many saves may be made with two files: what was in one of them a while ago, and may have reached the
// disk by itself since, is not found under the name even where the order is not kept.
enum { MOST_USES = 1000 };

static int create_locked(saved_file *file) {
    int descriptor = clinux_create(file->temporary);
    // What a file system that knows no locks says does not matter: the lock is a courtesy to others.
    if (descriptor >= 0) (void)flock(descriptor, LOCK_EX | LOCK_NB);
    struct stat status;
    int is_known = descriptor >= 0 && fstat(descriptor, &status) == 0;
    file->spare_inode = is_known ? (uint64_t)status.st_ino : 0;
    file->uses = 0;
    return descriptor;
}

// Exchanging the names spares the file system what it does for a rename over a file: writing out the new
// one at once. Finds out whether the old one, which has the temporary name then, is ours alone: no other
// name leads to it.
static int give_name(saved_file *file, int exchanges) {
    struct stat status;
    file->is_spare = 0;
    if (exchanges && lstat(file->path, &status) == 0 && !S_ISDIR(status.st_mode)
        && renameat2(AT_FDCWD, file->temporary, AT_FDCWD, file->path, RENAME_EXCHANGE) == 0) {
        file->is_spare = file->held >= 0 && status.st_ino == file->held_inode
            && status.st_nlink == 1 && file->uses < MOST_USES;
        return 0;
    }
    return rename(file->temporary, file->path) < 0 ? errno : 0;
}

int saved_file_put_quickly(
    saved_file *file, uint64_t generation, const uint8_t *bytes, uint64_t length, int32_t *step) {
    *step = CLINUX_STEP_RENAME;
    if (pthread_mutex_trylock(&file->place) != 0) return EBUSY;
    int may = file->has_kept;
    pthread_mutex_unlock(&file->place);
    return may ? saved_file_put(file, generation, bytes, length, step) : EBUSY;
}

int saved_file_put(
    saved_file *file, uint64_t generation, const uint8_t *bytes, uint64_t length, int32_t *step) {
    *step = CLINUX_STEP_CREATE;
    if (file->spare < 0) file->spare = create_locked(file);
    int descriptor = file->spare;
    uint64_t inode = file->spare_inode;
    file->spare = -1;
    if (descriptor < 0) return errno;
    *step = CLINUX_STEP_WRITE;
    int failure = clinux_write_whole(descriptor, bytes, length);
    pthread_mutex_lock(&file->place);
    int syncs = !file->has_kept;
    if (failure == 0 && syncs) {
        *step = CLINUX_STEP_SYNC;
        if (fsync(descriptor) < 0) failure = errno;
    }
    if (failure == 0) {
        *step = CLINUX_STEP_RENAME;
        failure = give_name(file, !syncs);
    }
    if (failure == 0) file->in_place = generation;
    pthread_mutex_unlock(&file->place);
    if (failure != 0) {
        unlink(file->temporary);
        close(descriptor);
        return failure;
    }
    file->former = file->held;
    file->former_inode = file->held_inode;
    file->held = descriptor;
    file->held_inode = inode;
    *step = CLINUX_STEP_NONE;
    return 0;
}

void saved_file_tidy(saved_file *file, int prepares) {
    if (prepares && file->reuses && file->is_spare && ftruncate(file->former, 0) == 0
        && lseek(file->former, 0, SEEK_SET) == 0) {
        file->spare = file->former;
        file->spare_inode = file->former_inode;
        file->former = -1;
        file->uses += 1;
        return;
    }
    // Closed first: a file that is removed while it is open costs more.
    if (file->former >= 0) close(file->former);
    file->former = -1;
    unlink(file->temporary);
    if (prepares) file->spare = create_locked(file);
}

void saved_file_unprepare(saved_file *file) {
    if (file->spare < 0) return;
    close(file->spare);
    file->spare = -1;
    unlink(file->temporary);
}

// MARK: Syncing

static int refuses_sync(int error) { return error == EINVAL || error == EROFS; }

int saved_file_sync(saved_file *file, uint64_t *generation, int32_t *step) {
    *step = CLINUX_STEP_CREATE;
    pthread_mutex_lock(&file->place);
    *generation = file->in_place;
    int descriptor = open(file->path, O_RDONLY | O_CLOEXEC);
    int failure = descriptor < 0 ? errno : 0;
    unlink(file->kept_temporary);
    int is_linked = failure == 0 && link(file->path, file->kept_temporary) == 0;
    // Some file systems know no links, and a full one makes none: data goes before the rename then.
    if (!is_linked) file->has_kept = 0;
    pthread_mutex_unlock(&file->place);
    if (failure != 0) return failure;
    *step = CLINUX_STEP_SYNC;
    if (fsync(descriptor) < 0 && !refuses_sync(errno)) failure = errno;
    close(descriptor);
    if (failure == 0 && is_linked) is_linked = rename(file->kept_temporary, file->kept) == 0;
    // Renaming one name of a file over another one of it does nothing.
    unlink(file->kept_temporary);
    if (failure != 0) return failure;
    *step = CLINUX_STEP_SYNC_DIRECTORY;
    failure = clinux_sync_directory(file->directory);
    if (refuses_sync(failure)) failure = 0;
    if (failure == 0 && is_linked) {
        pthread_mutex_lock(&file->place);
        file->has_kept = 1;
        pthread_mutex_unlock(&file->place);
    }
    return failure;
}
#endif
