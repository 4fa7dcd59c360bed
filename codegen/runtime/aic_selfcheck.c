/* Runtime of AI-COMPILER: see aic_selfcheck.h. */
#include "aic_selfcheck.h"

#include "aic_device.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RANDOM_JOBS 3
#define SEED 20250101u
#define REAL_LIMIT 1000.0
#define F32_TOLERANCE 1e-5
#define F64_TOLERANCE 1e-13

typedef struct check {
    const aic_subject *subject;
    const char *language;
    aic_device_program *program;
    void **arguments; /* what the checked code gets */
    void **expected;
} check;

static size_t parameter_bytes(const aic_parameter *parameter) {
    return parameter->count * aic_type_bytes(parameter->type);
}

static bool close_enough(double actual, double expected, double tolerance) {
    return actual == expected || (isnan(actual) && isnan(expected)) ||
           fabs(actual - expected) <= tolerance * fabs(expected);
}

/* Index of the first element that differs; `count` if none does. */
static uint32_t first_difference(const aic_parameter *parameter, const void *actual, const void *expected) {
    size_t bytes = aic_type_bytes(parameter->type);
    for (uint32_t i = 0; i < parameter->count; i++) {
        const unsigned char *a = (const unsigned char *)actual + i * bytes;
        const unsigned char *e = (const unsigned char *)expected + i * bytes;
        if (parameter->type == AIC_F32) {
            float fa, fe;
            memcpy(&fa, a, sizeof fa);
            memcpy(&fe, e, sizeof fe);
            if (!close_enough((double)fa, (double)fe, F32_TOLERANCE)) {
                return i;
            }
        } else if (parameter->type == AIC_F64) {
            double da, de;
            memcpy(&da, a, sizeof da);
            memcpy(&de, e, sizeof de);
            if (!close_enough(da, de, F64_TOLERANCE)) {
                return i;
            }
        } else if (memcmp(a, e, bytes) != 0) {
            return i;
        }
    }
    return parameter->count;
}

static void print_element(const aic_parameter *parameter, const void *values, uint32_t index) {
    size_t bytes = aic_type_bytes(parameter->type);
    const unsigned char *at = (const unsigned char *)values + index * bytes;
    if (parameter->type == AIC_F32) {
        float value;
        memcpy(&value, at, sizeof value);
        printf("%.9g", (double)value);
    } else if (parameter->type == AIC_F64) {
        double value;
        memcpy(&value, at, sizeof value);
        printf("%.17g", value);
    } else {
        uint64_t bits = 0;
        memcpy(&bits, at, bytes); /* little endian, as all hosts that this runs on */
        printf("0x%" PRIx64, bits);
    }
}

static bool agrees(const check *c, uint64_t job) {
    const aic_entry *entry = c->subject->entry;
    for (uint32_t i = 0; i < entry->parameter_count; i++) {
        const aic_parameter *parameter = &entry->parameters[i];
        if (parameter->direction == AIC_IN) {
            continue;
        }
        uint32_t at = first_difference(parameter, c->arguments[i], c->expected[i]);
        if (at < parameter->count) {
            printf("%s in %s: job %" PRIu64 ", %s[%" PRIu32 "] is ", entry->id, c->language, job, parameter->name, at);
            print_element(parameter, c->arguments[i], at);
            printf(", expected ");
            print_element(parameter, c->expected[i], at);
            printf("\n");
            return false;
        }
    }
    return true;
}

/* Runs the checked code once; outputs that it does not write are zero. */
static bool run_once(const check *c) {
    const aic_entry *entry = c->subject->entry;
    for (uint32_t i = 0; i < entry->parameter_count; i++) {
        if (entry->parameters[i].direction == AIC_OUT) {
            memset(c->arguments[i], 0, parameter_bytes(&entry->parameters[i]));
        }
    }
    if (c->program != NULL) {
        const char *problem = aic_device_upload_state(c->program);
        problem = problem != NULL ? problem : aic_device_run(c->program, c->arguments);
        problem = problem != NULL ? problem : aic_device_download_state(c->program);
        if (problem != NULL) {
            printf("%s: %s\n", entry->id, problem);
        }
        return problem == NULL;
    }
    (strcmp(c->language, "hls") == 0 ? c->subject->hls : entry->step)(c->arguments);
    return true;
}

static bool read_parameters(const check *c, FILE *file, void *const *into, bool before) {
    for (uint32_t i = 0; i < c->subject->entry->parameter_count; i++) {
        const aic_parameter *parameter = &c->subject->entry->parameters[i];
        bool wanted = parameter->direction != (before ? AIC_OUT : AIC_IN);
        if (wanted && fread(into[i], parameter_bytes(parameter), 1, file) != 1) {
            return false;
        }
    }
    return true;
}

static bool has_more(FILE *file) {
    int next = fgetc(file);
    return next != EOF && ungetc(next, file) != EOF;
}

static bool check_vectors(const check *c, const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        printf("cannot read %s\n", path);
        return false;
    }
    uint64_t jobs = 0;
    bool good = true;
    while (good && has_more(file)) {
        good = read_parameters(c, file, c->arguments, true) && read_parameters(c, file, c->expected, false) &&
               run_once(c) && agrees(c, jobs);
        jobs++;
    }
    fclose(file);
    printf("%s in %s: %" PRIu64 " jobs against the interpreter, inputs from %" PRId64 " to %" PRId64 "\n",
           c->subject->entry->id, c->language, jobs, c->subject->low, c->subject->high);
    return good && jobs > 0;
}

static uint64_t next_random(uint64_t *state) { /* xorshift64*: Vigna, "An experimental exploration", 2016 */
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

/* A whole number within the subject's range and that of the type. */
static uint64_t random_whole(const check *c, aic_type type, uint64_t bits) {
    int64_t low = c->subject->low, high = c->subject->high;
    if (type >= AIC_U8) {
        low = low > 0 ? low : 0;
    }
    if (aic_type_bytes(type) < sizeof low) {
        unsigned width = 8 * (unsigned)aic_type_bytes(type);
        int64_t most = (INT64_C(1) << (type >= AIC_U8 ? width : width - 1)) - 1;
        int64_t least = type >= AIC_U8 ? 0 : -most - 1;
        low = low > least ? low : least;
        high = high < most ? high : most;
    }
    uint64_t span = (uint64_t)high - (uint64_t)low + 1; /* 0: every value */
    return (uint64_t)low + (span != 0 ? bits % span : bits);
}

static double random_real(const check *c, uint64_t bits) {
    double low = (double)c->subject->low, high = (double)c->subject->high;
    low = low > -REAL_LIMIT ? low : -REAL_LIMIT;
    high = high < REAL_LIMIT ? high : REAL_LIMIT;
    return low + (high - low) * ((double)(bits >> 11) / 9007199254740992.0);
}

static void fill_randomly(const check *c, const aic_parameter *parameter, void *values, uint64_t *state) {
    size_t bytes = aic_type_bytes(parameter->type);
    for (uint32_t i = 0; i < parameter->count; i++) {
        unsigned char *at = (unsigned char *)values + i * bytes;
        uint64_t bits = next_random(state);
        if (parameter->type == AIC_BOOL) {
            *at = c->subject->low > 0 || (c->subject->high > 0 && bits >> 63 != 0);
        } else if (parameter->type == AIC_F32) {
            float value = (float)random_real(c, bits);
            memcpy(at, &value, sizeof value);
        } else if (parameter->type == AIC_F64) {
            double value = random_real(c, bits);
            memcpy(at, &value, sizeof value);
        } else {
            uint64_t value = random_whole(c, parameter->type, bits);
            memcpy(at, &value, bytes);
        }
    }
}

/* What the checked code is compared with; in a program whose kernel is an object, the C text compiled beside it. */
static aic_step *c_code(const check *c) {
    return c->subject->reference != NULL ? c->subject->reference : c->subject->entry->step;
}

/* The C code and the checked code start from the same inputs and state. */
static bool check_random(const check *c) {
    const aic_entry *entry = c->subject->entry;
    uint64_t state = SEED;
    bool good = true;
    for (uint64_t job = 0; good && job < RANDOM_JOBS; job++) {
        for (uint32_t i = 0; i < entry->parameter_count; i++) {
            const aic_parameter *parameter = &entry->parameters[i];
            if (parameter->direction == AIC_IN) {
                fill_randomly(c, parameter, c->arguments[i], &state);
            }
            if (parameter->direction == AIC_OUT) {
                memset(c->expected[i], 0, parameter_bytes(parameter));
            } else {
                memcpy(c->expected[i], c->arguments[i], parameter_bytes(parameter));
            }
        }
        c_code(c)(c->expected);
        good = run_once(c) && agrees(c, job);
    }
    printf("%s in %s: %d jobs against the C code, inputs from %" PRId64 " to %" PRId64 "\n", entry->id,
           c->language, RANDOM_JOBS, c->subject->low, c->subject->high);
    return good;
}

static bool allocate(check *c) {
    const aic_entry *entry = c->subject->entry;
    c->arguments = calloc(entry->parameter_count + 1, sizeof *c->arguments);
    c->expected = calloc(entry->parameter_count + 1, sizeof *c->expected);
    bool good = c->arguments != NULL && c->expected != NULL;
    for (uint32_t i = 0; good && i < entry->parameter_count; i++) {
        const aic_parameter *parameter = &entry->parameters[i];
        bool is_state = parameter->direction == AIC_STATE;
        c->arguments[i] = is_state ? parameter->storage : calloc(1, parameter_bytes(parameter));
        c->expected[i] = calloc(1, parameter_bytes(parameter));
        good = c->arguments[i] != NULL && c->expected[i] != NULL;
    }
    return good;
}

static void release(check *c) {
    for (uint32_t i = 0; i < c->subject->entry->parameter_count; i++) {
        if (c->subject->entry->parameters[i].direction != AIC_STATE) {
            free(c->arguments[i]);
        }
        free(c->expected[i]);
    }
    free(c->arguments);
    free(c->expected);
}

/* 0, or the exit status that ends the test. */
static int open_device(check *c) {
    static char why[4096] = "no device was found";
    aic_device_info info;
    aic_device *device = aic_device_open(c->language, &info, why, sizeof why);
    if (device == NULL) {
        printf("skipped: %s\n", why);
        return AIC_SKIPPED;
    }
    printf("device: %s, driver %s\n", info.name, info.driver);
    c->program = aic_device_prepare(device, c->subject->entry, why, sizeof why);
    if (c->program == NULL) {
        printf("%s: %s\n", c->subject->entry->id, why);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

int aic_selfcheck_main(const aic_subject *subject, int argc, char **argv) {
    check c = {.subject = subject, .language = argc > 1 ? argv[1] : ""};
    bool device = (strcmp(c.language, "opencl") == 0 || strcmp(c.language, "cuda") == 0) &&
                  subject->entry->opencl != NULL;
    bool hls = strcmp(c.language, "hls") == 0 && subject->hls != NULL;
    bool plain = strcmp(c.language, "c") == 0 && argc == 3;
    bool object = strcmp(c.language, "llvm") == 0 && argc == 2 && subject->reference != NULL;
    if (argc < 2 || argc > 3 || !(device || hls || plain || object)) {
        fprintf(stderr, "usage: %s c|opencl|cuda|hls VECTORS, or llvm|opencl|cuda|hls\n", argv[0]);
        return 2;
    }
    if (!allocate(&c)) {
        fprintf(stderr, "out of memory\n");
        return EXIT_FAILURE;
    }
    int status = device ? open_device(&c) : EXIT_SUCCESS;
    if (status == EXIT_SUCCESS) {
        status = (argc == 3 ? check_vectors(&c, argv[2]) : check_random(&c)) ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    release(&c);
    fflush(stdout);
    return status;
}
