#include "common/model/execution.hpp"

#include "common/base/portable_json.hpp"
#include "common/model/json_writer.hpp"
#include "common/model/names.hpp"

namespace fleet::model {
namespace {

constexpr NameTable<Status, 6> kStatusNames{{
    {Status::pending, "pending"},
    {Status::running, "running"},
    {Status::waiting, "waiting"},
    {Status::done, "done"},
    {Status::failed, "failed"},
    {Status::cancelled, "cancelled"},
}};

constexpr NameTable<ErrorKind, 11> kErrorKindNames{{
    {ErrorKind::exit_code, "exit_code"},
    {ErrorKind::signal, "signal"},
    {ErrorKind::timeout, "timeout"},
    {ErrorKind::spawn, "spawn"},
    {ErrorKind::rate_limit, "rate_limit"},
    {ErrorKind::config, "config"},
    {ErrorKind::agent, "agent"},
    {ErrorKind::lost_worker, "lost_worker"},
    {ErrorKind::cancelled, "cancelled"},
    {ErrorKind::internal, "internal"},
    {ErrorKind::machine, "machine"},
}};

constexpr NameTable<Woken, 4> kWokenNames{{
    {Woken::none, "none"},
    {Woken::signal, "signal"},
    {Woken::deadline, "deadline"},
    {Woken::children, "children"},
}};

void write_text_or_null(JsonObjectWriter& json, std::string_view name, const std::string& value) {
    if (value.empty()) {
        json.null(name);
    } else {
        json.text(name, value);
    }
}

void write_time_or_null(JsonObjectWriter& json, std::string_view name,
                        const std::optional<base::StoreTime>& value) {
    if (value) {
        json.time(name, *value);
    } else {
        json.null(name);
    }
}

base::JsonText error_json(const ExecutionError& error) {
    JsonObjectWriter json;
    json.text("kind", to_text(error.kind));
    if (!error.type.empty()) {
        json.text("type", error.type);
    }
    json.text("message", error.message);
    json.text("evidence", error.evidence);
    return json.finish();
}

}  // namespace

std::string_view to_text(Status status) {
    return name_of(kStatusNames, status);
}

std::optional<Status> parse_status(std::string_view text) {
    return value_of(kStatusNames, text);
}

bool is_legal_change(Status from, Status to) {
    switch (from) {
        case Status::pending:
            return to == Status::running || to == Status::cancelled;
        case Status::running:
            return to != Status::running;
        case Status::waiting:
            return to == Status::pending || to == Status::cancelled;
        case Status::failed:
        case Status::cancelled:
            return to == Status::pending;
        case Status::done:
            break;
    }
    return false;
}

std::string_view to_text(ErrorKind kind) {
    return name_of(kErrorKindNames, kind);
}

std::optional<ErrorKind> parse_error_kind(std::string_view text) {
    return value_of(kErrorKindNames, text);
}

std::string_view to_text(Woken woken) {
    return name_of(kWokenNames, woken);
}

base::JsonText to_json_text(const Execution& execution) {
    JsonObjectWriter json;
    json.text("id", execution.id.text());
    write_text_or_null(json, "batch", execution.batch);
    json.text("pool", execution.pool);
    json.text("stage", execution.stage);
    json.text("status", to_text(execution.status));
    json.integer("attempt", execution.counters.attempt);
    json.integer("failures", execution.counters.failures);
    json.integer("priority", execution.priority);
    json.time("created_at", execution.created_at);
    write_time_or_null(json, "started_at", execution.started_at);
    write_time_or_null(json, "finished_at", execution.finished_at);
    write_text_or_null(json, "worker", execution.worker_id);
    json.embed("input", base::portable_json(execution.input));
    json.embed("output", base::portable_json(execution.output));
    // The failure of an earlier attempt is evidence, but a done execution has no error.
    const bool failing = execution.error && execution.status != Status::done;
    json.embed("error", failing ? error_json(*execution.error) : base::JsonText());
    return json.finish();
}

}  // namespace fleet::model
