// What Swift's C library module cannot reach on Linux: readiness, signals as bytes, descriptors
// that close on exec, and the helper thread that saves a file. Flat types and integers only, so that
// no union and no system header reaches Swift. Every function answers a count or descriptor of at
// least zero, or an errno with its sign turned. Elsewhere than on Linux this target is empty.
#ifndef GRAPEVINE_CLINUX_H
#define GRAPEVINE_CLINUX_H
#include <stdint.h>

#ifdef __linux__

// One descriptor that is ready: the token it was registered with, and the CLINUX_ bits that hold.
typedef struct {
    uint64_t token;
    uint32_t events;
    uint32_t unused;
} clinux_event;

enum { CLINUX_READ = 1, CLINUX_WRITE = 2, CLINUX_HANGUP = 4, CLINUX_ERROR = 8 };
// Of interests alone: that the other side says no more. It is told as CLINUX_READ.
enum { CLINUX_END = 16 };
enum { CLINUX_ADD = 1, CLINUX_MODIFY = 2, CLINUX_REMOVE = 3 };

int32_t clinux_poller_create(void);
int32_t clinux_poller_control(
    int32_t poller, int32_t operation, int32_t descriptor, uint32_t interest, uint64_t token);
int32_t clinux_poller_wait(
    int32_t poller, clinux_event *events, int32_t capacity, int32_t timeout_ms);

// Accepts one connection, non-blocking and closed on exec.
int32_t clinux_accept(int32_t listener);
// Makes a pipe whose ends close on exec; both ends are non-blocking when asked for.
int32_t clinux_pipe(int32_t *read_end, int32_t *write_end, int32_t non_blocking);
// Fills with random bytes; answers how many were filled.
int32_t clinux_random(uint8_t *bytes, uint32_t length);

// From now on the number of every signal of the list arrives as one byte at the answered descriptor.
int32_t clinux_signals_open(const int32_t *signals, int32_t count);

// Lets a child begin in a folder; `actions` is a posix_spawn_file_actions_t. Answers an errno or 0.
int32_t clinux_spawn_in_folder(void *actions, const char *folder);

// Lets a child begin without the descriptors from `first` on that this process was given and does not
// know, where the C library can; `actions` as above. Answers an errno or 0.
int32_t clinux_spawn_closing_from(void *actions, int32_t first);

// Goes on as a child without a terminal: answers 0 in the child and 1 in the caller, each with its end
// of a pipe that only the child writes to. The child keeps no other descriptor. Before any thread is
// started.
int32_t clinux_background(int32_t *pipe_end);

// Sends a text to the Unix socket of a supervisor; a path that begins with "@" is an abstract name.
int32_t clinux_notify(const char *path, const char *text);

// From here on a trap (an illegal instruction, a bad access) of a thread that reports it stops that
// thread for good, and the process goes on. 0, or the negative errno.
int32_t clinux_watch_traps(void);
// Where the calling thread reports its trap: the number of the signal is written there.
void clinux_report_trap(int32_t *place);
// What was reported; 0: nothing.
int32_t clinux_trap(const int32_t *place);

// Gives the calling thread, and what it starts, a network of its own with loopback alone.
int32_t clinux_own_network(void);

// Where a save failed.
enum {
    CLINUX_STEP_NONE = 0,
    CLINUX_STEP_CREATE = 1,
    CLINUX_STEP_WRITE = 2,
    CLINUX_STEP_SYNC = 3,
    CLINUX_STEP_RENAME = 4,
    CLINUX_STEP_SYNC_DIRECTORY = 5
};

// Writes the bytes beside the file, syncs them, renames them into place; syncs the directory if asked.
int32_t clinux_replace(
    const char *temporary, const char *path, const char *directory, const uint8_t *bytes,
    uint64_t length, int32_t sync, int32_t *step);

// What became of saves. A generation of 0 stands for no news.
typedef struct {
    uint64_t renamed;  // this one, or a later one, is in place: no end of the process undoes it
    uint64_t synced;   // this one, or a later one, is on the disk
    uint64_t failed;   // this one failed, where `step` says
    int32_t error;
    int32_t step;
} clinux_save_results;

// Two threads that replace one file, and hold a lock on it from the first time on: one writes and
// renames, one syncs, so that a slow sync never holds up a rename. What is at the path is synced and
// linked first. `temporary` is the file before it takes its place, `kept` a hard link to the file as it
// was last synced; all are in one directory. The handle is 0 on failure, with the errno in *error.
uint64_t clinux_saver_start(
    const char *path, const char *temporary, const char *kept, const char *kept_temporary,
    const char *directory, int32_t *error);
// Syncs and links what was put at the path by other means, before the first job. Answers an errno turned.
int32_t clinux_saver_adopt(uint64_t saver);
// The descriptor that is readable while results wait.
int32_t clinux_saver_descriptor(uint64_t saver);
// Copies the bytes and returns at once. A job that waits is overtaken by the new one, which inherits
// its wish for a sync and whose result holds for all earlier generations. `awaited` says that clients
// wait for the rename, and that more such jobs may follow. A sync that is not `urgent` may come some
// milliseconds later.
int32_t clinux_saver_submit(
    uint64_t saver, uint64_t generation, const uint8_t *bytes, uint64_t length, int32_t sync,
    int32_t awaited, int32_t urgent);
// Puts the bytes in place on the calling thread, if a job of that kind was quick a moment ago and nothing
// is under way. Answers 1 when that is done, which no result tells again and which `tidy` has to follow;
// 0 when the bytes have to be submitted.
int32_t clinux_saver_put(
    uint64_t saver, uint64_t generation, const uint8_t *bytes, uint64_t length, int32_t sync,
    int32_t urgent);
void clinux_saver_tidy(uint64_t saver);
// Takes the results that wait.
void clinux_saver_results(uint64_t saver, clinux_save_results *results);
// Finishes the job that waits and its sync, and ends the threads. Results can be taken still.
void clinux_saver_finish(uint64_t saver);
// The same, and frees all.
void clinux_saver_stop(uint64_t saver);

#endif
#endif
