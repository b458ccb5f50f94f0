// The file of a saver: put in place by one thread, synced by another. Functions answer an errno, or 0.
#ifndef GRAPEVINE_SAVED_FILE_H
#define GRAPEVINE_SAVED_FILE_H
#include "CLinux.h"

#ifdef __linux__
#include <pthread.h>

typedef struct {
    // Held by whoever changes what is at the path, or needs it to stay: no longer than a link takes.
    pthread_mutex_t place;
    char *path;
    char *temporary;       // the file before it takes its place, and the old one after
    char *kept;            // a hard link to the file as it was last synced
    char *kept_temporary;  // the same before it takes its place
    char *directory;
    int held;      // the file as it was last put in place, locked; -1 for none
    int former;    // the one before, which is closed and removed when there is time; -1 for none
    int spare;     // a file made in advance under the temporary name; -1 for none
    int reuses;    // whether a former file may become the next
    int is_spare;  // whether the former file is ours alone
    int uses;      // how often one became the next since a file was made
    uint64_t held_inode, former_inode, spare_inode;
    int has_kept;  // with the lock: `kept` is a file that is on the disk
    uint64_t in_place;  // with the lock: the newest generation that was put in place
} saved_file;

int saved_file_init(
    saved_file *file, const char *path, const char *temporary, const char *kept,
    const char *kept_temporary, const char *directory);
void saved_file_free(saved_file *file);

// Writes the bytes beside the file and gives them its name: on the disk before only when no kept file
// stands in for them. The new file is locked before it takes its place: whoever opens the path finds it
// locked at any time. To be followed by `saved_file_tidy`.
int saved_file_put(
    saved_file *file, uint64_t generation, const uint8_t *bytes, uint64_t length, int32_t *step);
// The same if no sync is needed and nobody is at the place; else EBUSY.
int saved_file_put_quickly(
    saved_file *file, uint64_t generation, const uint8_t *bytes, uint64_t length, int32_t *step);
// Lets go of the file before; with `prepares`, makes the next one in advance.
void saved_file_tidy(saved_file *file, int prepares);
// Removes what was made in advance.
void saved_file_unprepare(saved_file *file);

// Puts what is in place on the disk and makes it the file that is kept. *generation is what was in place.
int saved_file_sync(saved_file *file, uint64_t *generation, int32_t *step);
#endif
#endif
