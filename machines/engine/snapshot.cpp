#include "machines/engine/snapshot.hpp"

#include <array>
#include <cmath>
#include <utility>

#include "common/base/errors.hpp"
#include "common/model/json_writer.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/kept_json.hpp"

namespace fleet::engine {
namespace {

using expression::Value;

constexpr std::array kEvents{
    std::pair{Event::machine_start, std::string_view("machine_start")},
    std::pair{Event::state_enter, std::string_view("state_enter")},
    std::pair{Event::execute, std::string_view("execute")},
    std::pair{Event::tool_call, std::string_view("tool_call")},
    std::pair{Event::waiting, std::string_view("waiting")},
    std::pair{Event::state_exit, std::string_view("state_exit")},
    std::pair{Event::machine_end, std::string_view("machine_end")},
};

void text_or_null(model::JsonObjectWriter& writer, std::string_view name, const std::string& text) {
    if (text.empty()) {
        writer.null(name);
    } else {
        writer.text(name, text);
    }
}

base::JsonText launches_json(const std::vector<LaunchIntent>& intents) {
    if (intents.empty()) {
        return {};
    }
    std::string json = "[";
    for (const LaunchIntent& intent : intents) {
        if (json.size() > 1) {
            json += ',';
        }
        model::JsonObjectWriter writer;
        writer.text("execution_id", intent.execution_id);
        writer.text("machine", intent.machine);
        writer.embed("input", expression::to_kept_json(intent.input));
        writer.boolean("launched", intent.launched);
        json += writer.finish();
    }
    json += ']';
    return json;
}

[[noreturn]] void refuse(const std::string& member, const std::string& wanted) {
    throw base::ProtocolError("reading a machine's snapshot: `" + member + "` is not " + wanted);
}

class Reader {
  public:
    explicit Reader(const Value& object) : object_(object) {}

    [[nodiscard]] const Value* find(std::string_view name) const {
        const Value* value = object_.find(name);
        return value == nullptr || value->is_null() ? nullptr : value;
    }
    [[nodiscard]] std::string text(std::string_view name) const {
        const Value* value = find(name);
        if (value == nullptr) {
            return {};
        }
        if (!value->is_string()) {
            refuse(std::string(name), "a text");
        }
        return value->as_string();
    }
    [[nodiscard]] std::string required_text(std::string_view name) const {
        std::string result = text(name);
        if (result.empty()) {
            refuse(std::string(name), "there, or empty");
        }
        return result;
    }
    [[nodiscard]] Value object(std::string_view name) const {
        const Value* value = find(name);
        if (value == nullptr) {
            return Value::dict({});
        }
        if (!value->is_dict()) {
            refuse(std::string(name), "an object");
        }
        return *value;
    }

  private:
    const Value& object_;
};

LaunchIntent intent_of(const Value& value) {
    if (!value.is_dict()) {
        refuse("pending_launches", "a list of objects");
    }
    const Reader reader(value);
    LaunchIntent intent;
    intent.execution_id = reader.required_text("execution_id");
    intent.machine = reader.required_text("machine");
    intent.input = reader.object("input");
    if (const Value* launched = reader.find("launched")) {
        if (!launched->is(expression::Kind::boolean)) {
            refuse("pending_launches.launched", "a boolean");
        }
        intent.launched = launched->as_boolean();
    }
    return intent;
}

void read_numbers(const Reader& reader, MachineSnapshot& snapshot) {
    if (const Value* step = reader.find("step")) {
        constexpr double kMost = 9007199254740992.0;  // up to here floats know every integer
        if (!step->is_number() || !(std::fabs(step->as_floating()) <= kMost)) {
            refuse("step", "a number of steps");
        }
        snapshot.step = step->is_integral() ? step->as_integer()
                                            : static_cast<std::int64_t>(step->as_floating());
    }
    if (const Value* calls = reader.find("total_api_calls")) {
        if (!calls->is_number()) {
            refuse("total_api_calls", "a number");
        }
        snapshot.total_api_calls = *calls;
    }
    if (const Value* cost = reader.find("total_cost")) {
        if (!cost->is_number()) {
            refuse("total_cost", "a number");
        }
        snapshot.total_cost = cost->as_floating();
    }
}

}  // namespace

std::string_view name_of(Event event) {
    for (const auto& [known, name] : kEvents) {
        if (known == event) {
            return name;
        }
    }
    return "execute";
}

std::optional<Event> parse_event(std::string_view name) {
    for (const auto& [event, known] : kEvents) {
        if (known == name) {
            return event;
        }
    }
    return std::nullopt;
}

base::JsonText to_json_text(const MachineSnapshot& snapshot) {
    model::JsonObjectWriter writer;
    writer.text("execution_id", snapshot.execution_id);
    writer.text("machine_name", snapshot.machine_name);
    writer.text("spec_version", snapshot.spec_version);
    writer.text("current_state", snapshot.current_state);
    writer.embed("context", expression::to_kept_json(snapshot.context));
    writer.integer("step", snapshot.step);
    writer.text("created_at", snapshot.created_at);
    writer.text("event", name_of(snapshot.event));
    writer.embed("output", expression::to_kept_json(snapshot.output));
    writer.embed("total_api_calls", expression::to_kept_json(snapshot.total_api_calls));
    writer.embed("total_cost", expression::to_kept_json(Value::floating(snapshot.total_cost)));
    text_or_null(writer, "parent_execution_id", snapshot.parent_execution_id);
    writer.embed("pending_launches", launches_json(snapshot.pending_launches));
    text_or_null(writer, "waiting_channel", snapshot.waiting_channel);
    writer.embed("tool_loop_state", expression::to_kept_json(snapshot.tool_loop_state));
    text_or_null(writer, "config_hash", snapshot.config_hash);
    return writer.finish();
}

MachineSnapshot snapshot_from_json(std::string_view text) {
    Value object;
    try {
        object = expression::from_kept_json(text);
    } catch (const expression::EvaluationError& error) {
        throw base::ProtocolError(std::string("reading a machine's snapshot: ") + error.what());
    }
    if (!object.is_dict()) {
        throw base::ProtocolError("reading a machine's snapshot: it is no JSON object");
    }
    const Reader reader(object);
    MachineSnapshot snapshot;
    snapshot.execution_id = reader.required_text("execution_id");
    snapshot.machine_name = reader.text("machine_name");
    snapshot.spec_version = reader.text("spec_version");
    snapshot.current_state = reader.required_text("current_state");
    snapshot.context = reader.object("context");
    snapshot.created_at = reader.text("created_at");
    // Early snapshots of the family have no event: they are as if the state was being worked on.
    const std::string event = reader.text("event");
    snapshot.event = parse_event(event).value_or(Event::execute);
    if (!event.empty() && !parse_event(event)) {
        refuse("event", "a known event (" + event + ")");
    }
    if (const Value* output = reader.find("output")) {
        snapshot.output = *output;
    }
    read_numbers(reader, snapshot);
    snapshot.parent_execution_id = reader.text("parent_execution_id");
    if (const Value* launches = reader.find("pending_launches")) {
        if (!launches->is_list_like()) {
            refuse("pending_launches", "a list");
        }
        for (const Value& intent : launches->as_list()) {
            snapshot.pending_launches.push_back(intent_of(intent));
        }
    }
    snapshot.waiting_channel = reader.text("waiting_channel");
    snapshot.tool_loop_state =
        reader.find("tool_loop_state") == nullptr ? Value() : *reader.find("tool_loop_state");
    snapshot.config_hash = reader.text("config_hash");
    return snapshot;
}

}  // namespace fleet::engine
