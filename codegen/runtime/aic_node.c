/* Runtime of AI-COMPILER: a node's executable: one process a unit, supervised until all have ended. */
#define _GNU_SOURCE
#include "aic_run.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* After a stop, processes get this long to end by themselves. */
#define GRACE_NS 2000000000
#define SUPERVISE_US 5000
/* A run in which no job ends for this long, and two hyperperiods more, hangs. */
#define PATIENCE_NS 60000000000
#define MAX_PERIODS 100000000u

static volatile sig_atomic_t interrupted;

static void on_signal(int number) {
    (void)number;
    interrupted = 1;
}

static void usage(const aic_node *node) {
    fprintf(stderr,
            "usage: %s [--periods N] [--stretch X | --free-run] [--record DIR] [--log FILE] [--shared FILE]\n"
            "       [--allow-host-fallback]\n"
            "Runs N hyperperiods (default 1) of %" PRId64 " ns, X times slower than the model (default 1).\n",
            node->id, node->hyperperiod_ns);
}

static bool parse_number(const char *text, double least, double most, double *value) {
    char *end = NULL;
    errno = 0;
    *value = strtod(text, &end);
    return errno == 0 && end != text && *end == '\0' && *value >= least && *value <= most;
}

static bool parse(aic_options *options, int argc, char **argv) {
    static const struct option known[] = {
        {"periods", required_argument, NULL, 'p'}, {"stretch", required_argument, NULL, 's'},
        {"free-run", no_argument, NULL, 'f'},      {"record", required_argument, NULL, 'r'},
        {"log", required_argument, NULL, 'l'},     {"shared", required_argument, NULL, 'm'},
        {"allow-host-fallback", no_argument, NULL, 'a'}, {NULL, 0, NULL, 0}};
    double number;
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (c) {
        case 'p':
            if (!parse_number(optarg, 1, MAX_PERIODS, &number) || number != (double)(uint64_t)number) {
                fprintf(stderr, "--periods takes a whole number from 1 to %u, not %s\n", MAX_PERIODS, optarg);
                return false;
            }
            options->periods = (uint64_t)number;
            break;
        case 's':
            if (!parse_number(optarg, 1e-6, 1e6, &options->stretch)) {
                fprintf(stderr, "--stretch takes a number from 1e-6 to 1e6, not %s\n", optarg);
                return false;
            }
            break;
        case 'f': options->free_run = true; break;
        case 'r': options->record = optarg; break;
        case 'l': options->log = optarg; break;
        case 'm': options->shared = optarg; break;
        case 'a': options->host_fallback = true; break;
        default: return false;
        }
    }
    return optind == argc;
}

/* Records a lane can need: its entries' jobs of all hyperperiods and the extra ones. */
static uint64_t lane_records(const aic_run *run, const aic_lane *lane) {
    uint64_t total = 0;
    for (uint32_t i = 0; i < lane->slot_count; i++) {
        const aic_entry *entry = run->node->entries[lane->slots[i].entry];
        total += aic_job_limit(run, entry) / entry->jobs + 1;
    }
    return total;
}

static uint32_t lane_count(const aic_node *node) {
    uint32_t lanes = 0;
    for (uint32_t i = 0; i < node->unit_count; i++) {
        lanes += node->units[i].lane_count;
    }
    return lanes;
}

static bool share_log(aic_run *run) {
    const aic_node *node = run->node;
    size_t bytes = node->unit_count * sizeof *run->units + lane_count(node) * sizeof *run->lanes;
    for (uint32_t u = 0; u < node->unit_count; u++) {
        for (uint32_t l = 0; l < node->units[u].lane_count; l++) {
            bytes += lane_records(run, &node->units[u].lanes[l]) * sizeof(aic_record);
        }
    }
    unsigned char *memory = (unsigned char *)aic_region_map(bytes + 1, NULL);
    if (memory == NULL) {
        return false;
    }
    run->lanes = (aic_lane_log *)(void *)memory; /* in order of falling alignment */
    aic_record *next = (aic_record *)(void *)(run->lanes + lane_count(node));
    aic_lane_log *log = run->lanes;
    for (uint32_t u = 0; u < node->unit_count; u++) {
        for (uint32_t l = 0; l < node->units[u].lane_count; l++) {
            (log++)->records = next;
            next += lane_records(run, &node->units[u].lanes[l]);
        }
    }
    run->units = (aic_unit_status *)(void *)next;
    return true;
}

static pid_t start_unit(aic_run *run, uint32_t unit, pid_t supervisor) {
    pid_t child = fork();
    if (child == 0) {
        signal(SIGINT, SIG_IGN); /* the supervisor decides; the terminal sends it to all */
        signal(SIGTERM, SIG_DFL);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int status = getppid() == supervisor ? aic_unit_main(run, unit) : AIC_FAILED;
        fflush(NULL);
        _exit(status); /* no exit handlers: drivers' ones are not made for forked processes */
    }
    return child;
}

static void judge(aic_run *run, uint32_t unit, int status, bool ended) {
    const char *id = run->node->units[unit].id;
    if (WIFSIGNALED(status)) {
        if (!ended) {
            atomic_store(&run->region->crashed, 1);
        }
        aic_stop(run->region, "the process of %s was ended by signal %d (%s)", id, WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    } else if (WEXITSTATUS(status) != AIC_OK) {
        aic_stop(run->region, aic_stopped(run->region) ? NULL : "the process of %s ended with status %d", id,
                 WEXITSTATUS(status));
    }
}

static uint64_t jobs_done(const aic_run *run) {
    uint64_t jobs = 0;
    for (uint32_t i = 0; i < lane_count(run->node); i++) {
        jobs += atomic_load(&run->lanes[i].count);
    }
    return jobs;
}

/* Stops a run that makes no progress. */
static void watch(const aic_run *run, uint64_t *jobs, int64_t *since_ns) {
    int64_t round = (int64_t)((double)run->node->hyperperiod_ns * run->options->stretch);
    uint64_t done = jobs_done(run);
    if (done != *jobs) {
        *jobs = done;
        *since_ns = aic_now_ns();
    } else if (aic_now_ns() - *since_ns > PATIENCE_NS + 2 * round) {
        aic_stop(run->region, "no job has ended for %" PRId64 " s", (PATIENCE_NS + 2 * round) / 1000000000);
    }
}

static void supervise(aic_run *run, pid_t *children, uint32_t alive) {
    int64_t stopped_ns = 0;
    uint64_t jobs = 0;
    int64_t since_ns = aic_now_ns();
    while (alive > 0) {
        watch(run, &jobs, &since_ns);
        for (uint32_t i = 0; i < run->node->unit_count; i++) {
            int status = 0;
            if (children[i] > 0 && waitpid(children[i], &status, WNOHANG) == children[i]) {
                children[i] = 0;
                alive--;
                judge(run, i, status, stopped_ns != 0 && aic_now_ns() - stopped_ns > GRACE_NS);
            }
        }
        if (interrupted) {
            aic_stop(run->region, "interrupted");
        }
        if (aic_stopped(run->region)) {
            stopped_ns = stopped_ns != 0 ? stopped_ns : aic_now_ns();
            for (uint32_t i = 0; aic_now_ns() - stopped_ns > GRACE_NS && i < run->node->unit_count; i++) {
                if (children[i] > 0) {
                    kill(children[i], SIGKILL);
                }
            }
        }
        usleep(SUPERVISE_US);
    }
}

static int outcome(const aic_run *run) {
    if (atomic_load(&run->region->crashed) != 0 && !interrupted) {
        return AIC_FAILED; /* whatever else happened */
    }
    if (atomic_load(&run->region->unavailable) != 0) {
        return AIC_UNAVAILABLE; /* on whichever node */
    }
    if (aic_stopped(run->region)) {
        return interrupted ? AIC_INTERRUPTED : AIC_FAILED;
    }
    return AIC_OK;
}

static int report(const aic_run *run) {
    int status = outcome(run);
    FILE *out = run->options->log != NULL ? fopen(run->options->log, "w") : NULL;
    if (run->options->log != NULL && out == NULL) {
        fprintf(stderr, "cannot write the log %s\n", run->options->log);
        status = status == AIC_OK ? AIC_FAILED : status;
    }
    aic_summary summary = aic_write_log(run, out, status);
    if (out != NULL && fclose(out) != 0) {
        fprintf(stderr, "cannot write the log %s\n", run->options->log);
        status = status == AIC_OK ? AIC_FAILED : status;
    }
    if (status != AIC_OK && atomic_load(&run->region->failed) != 0) {
        fprintf(stderr, "%s: %s\n", run->node->id, run->region->message);
    }
    if (status == AIC_OK && summary.overflows != 0) {
        fprintf(stderr, "%s: %" PRIu64 " times a writer met a full queue\n", run->node->id, summary.overflows);
        status = AIC_OVERFLOW;
    }
    fprintf(stderr, "%s: %" PRIu64 " jobs, %" PRIu64 " after their deadline\n", run->node->id, summary.jobs,
            summary.deadline_misses);
    return status;
}

int aic_node_main(const aic_node *node, int argc, char **argv) {
    aic_options options = {.periods = 1, .stretch = 1.0};
    if (!parse(&options, argc, argv)) {
        usage(node);
        return AIC_USAGE;
    }
    if (lane_count(node) != node->system_lanes && options.shared == NULL) {
        fprintf(stderr, "%s is one of several nodes: start all of them with the same --shared FILE\n", node->id);
        return AIC_USAGE;
    }
    aic_run run = {.node = node, .options = &options};
    run.region = aic_region_map(aic_region_bytes(node->channels, node->channel_count), options.shared);
    pid_t *children = calloc(node->unit_count + 1, sizeof *children);
    if (run.region == NULL || children == NULL || !share_log(&run)) {
        fprintf(stderr, "%s: cannot get shared memory: %s\n", node->id, strerror(errno));
        free(children);
        return AIC_FAILED;
    }
    atomic_store(&run.region->paced, !options.free_run);
    const struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    uint32_t alive = 0;
    for (uint32_t i = 0; i < node->unit_count; i++) {
        children[i] = start_unit(&run, i, getpid());
        if (children[i] > 0) {
            alive++;
        } else {
            aic_stop(run.region, "cannot start the process of %s", node->units[i].id);
        }
    }
    supervise(&run, children, alive);
    free(children);
    return report(&run);
}
