#include "common/base/json.hpp"
#include "common/model/execution.hpp"
#include "common/model/json_reader.hpp"
#include "common/model/json_writer.hpp"

namespace fleet::model {
namespace {

constexpr const char* kWhat = "attempt record";

void write_text_if_any(JsonObjectWriter& json, std::string_view name, const std::string& value) {
    if (!value.empty()) {
        json.text(name, value);
    }
}

void write_integer_if_any(JsonObjectWriter& json, std::string_view name, std::int64_t value) {
    if (value != 0) {
        json.integer(name, value);
    }
}

base::JsonText error_json(const ExecutionError& error) {
    JsonObjectWriter json;
    json.text("kind", to_text(error.kind));
    write_text_if_any(json, "type", error.type);
    json.text("message", error.message);
    write_text_if_any(json, "evidence", error.evidence);
    return json.finish();
}

ExecutionError error_from(const base::Json& value) {
    const JsonObjectReader json(value, "the error of an attempt record");
    ExecutionError error;
    std::string kind{to_text(error.kind)};
    json.read("kind", kind);
    const std::optional<ErrorKind> known = parse_error_kind(kind);
    if (!known) {
        json.refuse("kind", "a known kind of error: \"" + kind + "\"");
    }
    error.kind = *known;
    json.read("type", error.type);
    json.read("message", error.message);
    json.read("evidence", error.evidence);
    return error;
}

}  // namespace

// One record is stored per item: members that are empty, absent or 0 are left out.
base::JsonText to_json_text(const Attempt& attempt) {
    JsonObjectWriter json;
    json.integer("number", attempt.number);
    write_text_if_any(json, "worker", attempt.worker_id);
    write_text_if_any(json, "host", attempt.host);
    write_integer_if_any(json, "started_at_ms", base::count_ms(attempt.started_at));
    write_integer_if_any(json, "finished_at_ms", base::count_ms(attempt.finished_at));
    if (attempt.exit_code) {
        json.integer("exit_code", *attempt.exit_code);
    }
    if (attempt.signal) {
        json.integer("signal", *attempt.signal);
    }
    if (attempt.error) {
        json.embed("error", error_json(*attempt.error));
    }
    write_integer_if_any(json, "duration_ms", attempt.duration.count());
    if (attempt.cpu_time) {
        json.integer("cpu_ms", attempt.cpu_time->count());
    }
    if (attempt.max_rss_bytes) {
        json.integer("max_rss_bytes", *attempt.max_rss_bytes);
    }
    write_text_if_any(json, "stdout_path", attempt.stdout_path);
    write_text_if_any(json, "stderr_path", attempt.stderr_path);
    write_integer_if_any(json, "stdout_offset", attempt.stdout_offset);
    write_integer_if_any(json, "stderr_offset", attempt.stderr_offset);
    write_text_if_any(json, "stderr_excerpt", attempt.stderr_excerpt);
    if (attempt.suspicious) {
        json.boolean("suspicious", true);
    }
    return json.finish();
}

Attempt attempt_from_json(const base::JsonText& text) {
    const JsonObjectReader json(text, kWhat);
    Attempt attempt;
    json.read("number", attempt.number);
    json.read("worker", attempt.worker_id);
    json.read("host", attempt.host);
    json.read("started_at_ms", attempt.started_at);
    json.read("finished_at_ms", attempt.finished_at);
    json.read("exit_code", attempt.exit_code);
    json.read("signal", attempt.signal);
    if (const base::Json* error = json.find("error")) {
        if (!error->is_object()) {
            json.refuse("error", "an object");
        }
        attempt.error = error_from(*error);
    }
    json.read("duration_ms", attempt.duration);
    json.read("cpu_ms", attempt.cpu_time);
    json.read("max_rss_bytes", attempt.max_rss_bytes);
    json.read("stdout_path", attempt.stdout_path);
    json.read("stderr_path", attempt.stderr_path);
    json.read("stdout_offset", attempt.stdout_offset);
    json.read("stderr_offset", attempt.stderr_offset);
    json.read("stderr_excerpt", attempt.stderr_excerpt);
    json.read("suspicious", attempt.suspicious);
    return attempt;
}

}  // namespace fleet::model
