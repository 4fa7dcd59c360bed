/* Runtime of AI-COMPILER: see aic_region.h. */
#define _GNU_SOURCE
#include "aic_region.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A waiter looks at the stop flag at least this often, so a peer that died never makes it hang. */
#define POLL_NS 20000000
/* Between the last lane's arrival and model time 0: long enough for all to wake up. */
#define START_DELAY_NS 5000000

_Static_assert(sizeof(_Atomic uint32_t) == sizeof(uint32_t), "a futex word is a plain 32-bit word");

int64_t aic_now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

aic_region *aic_region_map(size_t bytes, const char *file) {
    if (file == NULL) {
        void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        return memory == MAP_FAILED ? NULL : memory;
    }
    int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return NULL;
    }
    void *memory = MAP_FAILED;
    if (ftruncate(fd, (off_t)bytes) == 0) {
        memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    int reason = errno;
    close(fd);
    errno = reason;
    return memory == MAP_FAILED ? NULL : memory;
}

void aic_stop(aic_region *region, const char *format, ...) {
    if (format != NULL && atomic_exchange(&region->unfinished, 1) == 0) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(region->message, sizeof region->message, format, arguments);
        va_end(arguments);
        atomic_store(&region->failed, 1);
    }
    atomic_store(&region->stop, 1);
    aic_wake(&region->stop);
}

bool aic_stopped(const aic_region *region) {
    return atomic_load(&region->stop) != 0;
}

void aic_wait(_Atomic uint32_t *word, uint32_t seen) {
    const struct timespec limit = {0, POLL_NS};
    syscall(SYS_futex, (uint32_t *)word, FUTEX_WAIT, seen, &limit, NULL, 0);
}

void aic_wake(_Atomic uint32_t *word) {
    syscall(SYS_futex, (uint32_t *)word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

bool aic_sleep_until(const aic_region *region, int64_t until_ns) {
    for (int64_t now; (now = aic_now_ns()) < until_ns;) {
        int64_t next = until_ns - now > POLL_NS ? now + POLL_NS : until_ns;
        const struct timespec instant = {next / 1000000000, next % 1000000000};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &instant, NULL);
        if (aic_stopped(region)) {
            return false;
        }
    }
    return !aic_stopped(region);
}

bool aic_start_line(aic_region *region, uint32_t lanes) {
    if (atomic_fetch_add(&region->ready, 1) + 1 == lanes) {
        atomic_store(&region->origin_ns, aic_now_ns() + START_DELAY_NS);
        aic_wake(&region->ready);
    }
    while (atomic_load(&region->origin_ns) == 0) {
        uint32_t seen = atomic_load(&region->ready);
        if (aic_stopped(region)) {
            return false;
        }
        if (seen < lanes) {
            aic_wait(&region->ready, seen);
        }
    }
    return aic_sleep_until(region, atomic_load(&region->origin_ns));
}
