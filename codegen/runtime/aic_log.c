/* Runtime of AI-COMPILER: the log of a run, one JSON object a line. */
#include "aic_run.h"

#include <inttypes.h>

static void put_text(FILE *out, const char *text) {
    fputc('"', out);
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            fprintf(out, "\\%c", *c);
        } else if (*c < 0x20) {
            fprintf(out, "\\u%04x", *c);
        } else {
            fputc(*c, out);
        }
    }
    fputc('"', out);
}

static void put_field(FILE *out, const char *name, const char *text) {
    fprintf(out, ", \"%s\": ", name);
    put_text(out, text);
}

static void put_unit(const aic_run *run, FILE *out, uint32_t index) {
    static const char *const kinds[] = {"CPU", "GPU", "FPGA"};
    const aic_unit_status *status = &run->units[index];
    fputs("{\"event\": \"device\"", out);
    put_field(out, "unit", run->node->units[index].id);
    put_field(out, "kind", kinds[run->node->units[index].kind]);
    if (atomic_load(&status->known) != 0) {
        put_field(out, "device", status->device);
        put_field(out, "driver", status->driver);
        put_field(out, "note", status->note);
    }
    fprintf(out, ", \"available\": %s", atomic_load(&status->unavailable) != 0 ? "false" : "true");
    fprintf(out, ", \"stand_in\": %s}\n", status->stand_in ? "true" : "false");
}

static void put_job(const aic_run *run, FILE *out, const aic_unit *unit, uint32_t lane, const aic_record *record,
                    aic_summary *summary) {
    const aic_entry *entry = run->node->entries[record->entry];
    int64_t deadline = entry->deadline_ns + (int64_t)record->job * entry->period_ns;
    bool missed = !run->options->free_run && (double)record->end_ns > (double)deadline * run->options->stretch;
    summary->jobs++;
    summary->deadline_misses += missed;
    if (out == NULL) {
        return;
    }
    fputs("{\"event\": \"job\"", out);
    put_field(out, "entry", entry->id);
    put_field(out, "unit", unit->id);
    fprintf(out, ", \"lane\": %" PRIu32 ", \"core\": %" PRIu32 ", \"job\": %" PRIu64, lane, unit->lanes[lane].core,
            record->job);
    fprintf(out, ", \"release_ns\": %" PRId64 ", \"deadline_ns\": %" PRId64 ", \"slot_start_ns\": %" PRId64,
            entry->release_ns + (int64_t)record->job * entry->period_ns, deadline, record->slot_start_ns);
    fprintf(out, ", \"start_ns\": %" PRId64 ", \"end_ns\": %" PRId64 ", \"busy_ns\": %" PRId64 ", \"missed\": %s}\n",
            record->start_ns, record->end_ns, record->busy_ns, missed ? "true" : "false");
}

/* The queues that an entry writes and reads. */
static void put_queues(const aic_run *run, FILE *out, const aic_entry *entry) {
    for (uint32_t p = 0; p < entry->parameter_count; p++) {
        const aic_parameter *parameter = &entry->parameters[p];
        for (uint32_t c = 0; c < parameter->channel_count; c++) {
            const aic_channel *channel = &run->node->channels[parameter->channels[c]];
            if (channel->protocol == AIC_QUEUE) {
                fprintf(out, "{\"event\": \"%s\"", parameter->direction == AIC_IN ? "reads" : "writes");
                put_field(out, "entry", entry->id);
                put_field(out, "channel", channel->id);
                fprintf(out, ", \"consume\": %" PRIu32 ", \"capacity\": %" PRIu32 "}\n", channel->consume,
                        channel->capacity);
            }
        }
    }
}

static void put_entries(const aic_run *run, FILE *out) {
    for (uint32_t i = 0; i < run->node->entry_count; i++) {
        const aic_entry *entry = run->node->entries[i];
        put_queues(run, out, entry);
        for (uint32_t p = 0; p < entry->parameter_count; p++) {
            const aic_parameter *parameter = &entry->parameters[p];
            if (parameter->record != NULL && run->options->record != NULL) {
                fputs("{\"event\": \"output\"", out);
                put_field(out, "port", parameter->id);
                put_field(out, "file", parameter->record);
                fprintf(out, ", \"value_bytes\": %zu}\n", parameter->count * aic_type_bytes(parameter->type));
            }
        }
    }
}

static void put_overflows(const aic_run *run, FILE *out, aic_summary *summary) {
    for (uint32_t i = 0; i < run->node->channel_count; i++) {
        const aic_channel *channel = &run->node->channels[i];
        aic_end end;
        aic_open(&end, run->region, run->node->channels, i, channel->type, channel->count);
        uint64_t overflows = atomic_load(&end.state->overflows);
        summary->overflows += overflows;
        if (out != NULL && overflows != 0) {
            fputs("{\"event\": \"overflow\"", out);
            put_field(out, "channel", channel->id);
            fprintf(out, ", \"count\": %" PRIu64 "}\n", overflows);
        }
    }
}

aic_summary aic_write_log(const aic_run *run, FILE *out, int status) {
    aic_summary summary = {0, 0, 0};
    const aic_node *node = run->node;
    if (out != NULL) {
        fputs("{\"event\": \"run\"", out);
        put_field(out, "node", node->id);
        fprintf(out, ", \"periods\": %" PRIu64 ", \"hyperperiod_ns\": %" PRId64 ", \"stretch\": %.9g, \"paced\": %s}\n",
                run->options->periods, node->hyperperiod_ns, run->options->stretch,
                run->options->free_run ? "false" : "true");
    }
    const aic_lane_log *log = run->lanes;
    for (uint32_t u = 0; u < node->unit_count; u++) {
        if (out != NULL) {
            put_unit(run, out, u);
        }
        for (uint32_t l = 0; l < node->units[u].lane_count; l++, log++) {
            uint64_t count = atomic_load(&log->count);
            for (uint64_t i = 0; i < count; i++) {
                put_job(run, out, &node->units[u], l, &log->records[i], &summary);
            }
        }
    }
    put_overflows(run, out, &summary);
    if (out != NULL) {
        put_entries(run, out);
        fprintf(out, "{\"event\": \"end\", \"jobs\": %" PRIu64 ", \"deadline_misses\": %" PRIu64, summary.jobs,
                summary.deadline_misses);
        fprintf(out, ", \"overflows\": %" PRIu64 ", \"status\": %d", summary.overflows,
                status == AIC_OK && summary.overflows != 0 ? AIC_OVERFLOW : status);
        put_field(out, "message", atomic_load(&run->region->failed) != 0 ? run->region->message : "");
        fputs("}\n", out);
    }
    return summary;
}
