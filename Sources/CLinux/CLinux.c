// Readiness by epoll, signals through a pipe, descriptors that close on exec. The helper thread that
// saves is in Saver.c. Nothing here keeps state but the pipe of the signal handler, of which a
// process has one.
#define _GNU_SOURCE
#include "CLinux.h"

#ifdef __linux__
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int32_t clinux_poller_create(void) {
    int descriptor = epoll_create1(EPOLL_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

int32_t clinux_poller_control(
    int32_t poller, int32_t operation, int32_t descriptor, uint32_t interest, uint64_t token) {
    struct epoll_event event;
    memset(&event, 0, sizeof event);
    if (interest & CLINUX_READ) event.events |= EPOLLIN | EPOLLRDHUP;
    if (interest & CLINUX_WRITE) event.events |= EPOLLOUT;
    if (interest & CLINUX_END) event.events |= EPOLLRDHUP;
    event.data.u64 = token;
    int code = operation == CLINUX_ADD      ? EPOLL_CTL_ADD
               : operation == CLINUX_MODIFY ? EPOLL_CTL_MOD
                                            : EPOLL_CTL_DEL;
    return epoll_ctl(poller, code, descriptor, &event) < 0 ? -errno : 0;
}

enum { LARGEST_BATCH = 256 };

int32_t clinux_poller_wait(
    int32_t poller, clinux_event *events, int32_t capacity, int32_t timeout_ms) {
    struct epoll_event ready[LARGEST_BATCH];
    if (capacity > LARGEST_BATCH) capacity = LARGEST_BATCH;
    int count = epoll_wait(poller, ready, capacity, timeout_ms);
    if (count < 0) return -errno;
    for (int i = 0; i < count; i++) {
        uint32_t bits = 0, seen = ready[i].events;
        if (seen & (EPOLLIN | EPOLLRDHUP)) bits |= CLINUX_READ;
        if (seen & EPOLLOUT) bits |= CLINUX_WRITE;
        if (seen & EPOLLHUP) bits |= CLINUX_HANGUP;
        if (seen & EPOLLERR) bits |= CLINUX_ERROR;
        events[i].token = ready[i].data.u64;
        events[i].events = bits;
        events[i].unused = 0;
    }
    return count;
}

int32_t clinux_accept(int32_t listener) {
    int descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

int32_t clinux_pipe(int32_t *read_end, int32_t *write_end, int32_t non_blocking) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | (non_blocking ? O_NONBLOCK : 0)) < 0) return -errno;
    *read_end = ends[0];
    *write_end = ends[1];
    return 0;
}

int32_t clinux_random(uint8_t *bytes, uint32_t length) {
    ssize_t count = getrandom(bytes, length, 0);
    return count < 0 ? -errno : (int32_t)count;
}

int32_t clinux_spawn_in_folder(void *actions, const char *folder) {
    return posix_spawn_file_actions_addchdir_np(actions, folder);
}

int32_t clinux_spawn_closing_from(void *actions, int32_t first) {
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
#else
    (void)actions;
    (void)first;
    return 0;
#endif
}

int32_t clinux_background(int32_t *pipe_end) {
    int32_t ends[2];
    int32_t failure = clinux_pipe(&ends[0], &ends[1], 0);
    if (failure < 0) return failure;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    pid_t child = null < 0 ? -1 : fork();
    if (child < 0) {
        failure = -errno;
        if (null >= 0) close(null);
        close(ends[0]);
        close(ends[1]);
        return failure;
    }
    if (child > 0) {
        close(null);
        close(ends[1]);
        *pipe_end = ends[0];
        return 1;
    }
    // The numbers of the standard streams may be free, and the pipe may have got one of them.
    enum { KEPT = 3 };
    int kept = fcntl(ends[1], F_DUPFD, KEPT);
    if (kept < 0) _exit(2);
    for (int standard = 0; standard < KEPT; standard++) dup2(null, standard);
    if (kept != KEPT) dup2(kept, KEPT);
    fcntl(KEPT, F_SETFD, FD_CLOEXEC);
    // What the caller's caller left open would stay open for as long as this runs.
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
    closefrom(KEPT + 1);
#else
    if (kept != KEPT) close(kept);
#endif
    setsid();
    *pipe_end = KEPT;
    return 0;
}

int32_t clinux_notify(const char *path, const char *text) {
    struct sockaddr_un address;
    memset(&address, 0, sizeof address);
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof address.sun_path) return -EINVAL;
    address.sun_family = AF_UNIX;
    memcpy(address.sun_path, path, length);
    if (path[0] == '@') address.sun_path[0] = 0;
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    ssize_t sent = sendto(
        descriptor, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&address, size);
    int failure = sent < 0 ? errno : 0;
    close(descriptor);
    return -failure;
}

int32_t clinux_own_network(void) {
    // Without rights over the network, those over a user namespace of one's own will do.
    if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) return -errno;
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strcpy(request.ifr_name, "lo");
    int failure = 0;
    if (ioctl(descriptor, SIOCGIFFLAGS, &request) < 0) failure = errno;
    request.ifr_flags |= IFF_UP | IFF_RUNNING;
    if (failure == 0 && ioctl(descriptor, SIOCSIFFLAGS, &request) < 0) failure = errno;
    close(descriptor);
    return -failure;
}

static volatile int signal_pipe = -1;

static void pass_on(int number) {
    int saved = errno;
    uint8_t byte = (uint8_t)number;
    // A full pipe holds enough requests already.
    ssize_t ignored = write(signal_pipe, &byte, 1);
    (void)ignored;
    errno = saved;
}

int32_t clinux_signals_open(const int32_t *signals, int32_t count) {
    static int read_end = -1;
    if (read_end < 0) {
        int32_t ends[2];
        int32_t failure = clinux_pipe(&ends[0], &ends[1], 1);
        if (failure < 0) return failure;
        read_end = ends[0];
        signal_pipe = ends[1];
    }
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = pass_on;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigset_t wanted;
    sigemptyset(&wanted);
    for (int32_t i = 0; i < count; i++) {
        if (sigaction(signals[i], &action, NULL) < 0) return -errno;
        sigaddset(&wanted, signals[i]);
    }
    // Whoever started this process may have had them blocked.
    int failure = pthread_sigmask(SIG_UNBLOCK, &wanted, NULL);
    return failure != 0 ? -failure : read_end;
}
#endif
