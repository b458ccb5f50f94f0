// A thread that traps stops for good where it is, and the others go on. For programs that run the same
// code on many inputs, side by side and without shared state, and want to say which of them trapped.
#define _GNU_SOURCE
#include "CLinux.h"

#ifdef __linux__
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

// Where this thread says by which signal it ended; NULL: the process ends, as ever.
static _Thread_local int32_t *clinux_trap_place;

static void clinux_trapped(int number) {
    int32_t *place = clinux_trap_place;
    if (place == NULL) {
        // The same instruction traps again, and this time ends the process.
        signal(number, SIG_DFL);
        return;
    }
    __atomic_store_n(place, number, __ATOMIC_RELEASE);
    // Nothing of what it held can be given back.
    for (;;) pause();
}

int32_t clinux_watch_traps(void) {
    static const int numbers[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE};
    struct sigaction action = {.sa_handler = clinux_trapped};
    sigemptyset(&action.sa_mask);
    for (size_t index = 0; index < sizeof numbers / sizeof *numbers; index += 1) {
        if (sigaction(numbers[index], &action, NULL) != 0) return -errno;
    }
    return 0;
}

void clinux_report_trap(int32_t *place) { clinux_trap_place = place; }

int32_t clinux_trap(const int32_t *place) { return __atomic_load_n(place, __ATOMIC_ACQUIRE); }
#endif
