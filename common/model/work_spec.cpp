#include "common/model/work_spec.hpp"

#include <algorithm>
#include <cmath>

#include "common/base/json.hpp"
#include "common/model/json_reader.hpp"

namespace fleet::model {
namespace {

constexpr const char* kWhat = "work spec";

base::Json backoff_json(const Backoff& backoff) {
    base::Json json;
    json["initial_ms"] = backoff.initial.count();
    json["maximum_ms"] = backoff.maximum.count();
    json["factor"] = backoff.factor;
    json["jitter"] = backoff.jitter;
    base::Json steps = base::Json::array();
    for (const base::Millis step : backoff.steps) {
        steps.push_back(step.count());
    }
    json["steps_ms"] = std::move(steps);
    return json;
}

Backoff backoff_from(const base::Json& value) {
    const JsonObjectReader json(value, "the backoff of a work spec");
    Backoff backoff;
    json.read("initial_ms", backoff.initial);
    json.read("maximum_ms", backoff.maximum);
    json.read("factor", backoff.factor);
    json.read("jitter", backoff.jitter);
    if (const base::Json* steps = json.find_array("steps_ms")) {
        for (const base::Json& step : *steps) {
            if (!step.is_number_integer()) {
                json.refuse("steps_ms", "an array of integers");
            }
            backoff.steps.emplace_back(step.get<std::int64_t>());
        }
    }
    return backoff;
}

std::vector<std::string> strings_from(const JsonObjectReader& json, const char* name) {
    std::vector<std::string> strings;
    if (const base::Json* values = json.find_array(name)) {
        for (const base::Json& value : *values) {
            if (!value.is_string()) {
                json.refuse(name, "an array of strings");
            }
            strings.push_back(value.get<std::string>());
        }
    }
    return strings;
}

}  // namespace

base::Millis Backoff::delay(int failures, double random) const {
    const int failure = std::max(failures, 1);
    double longest = static_cast<double>(maximum.count());
    if (!steps.empty()) {
        const auto index = std::min(static_cast<std::size_t>(failure) - 1, steps.size() - 1);
        longest = static_cast<double>(steps[index].count());
    } else {
        const double grown = static_cast<double>(initial.count()) * std::pow(factor, failure - 1);
        // Written so that an overflow of the power (infinity, or not a number) gives the maximum.
        longest = grown < longest ? grown : longest;
    }
    const double share = std::clamp(jitter, 0.0, 1.0) * (1.0 - std::clamp(random, 0.0, 1.0));
    return base::Millis{std::max<std::int64_t>(0, std::llround(longest * (1.0 - share)))};
}

base::JsonText to_json_text(const WorkSpec& spec) {
    // Every member is written: a spec keeps its meaning when a default changes later.
    base::Json json;
    json["machine"] = spec.machine;
    // These two only when set: specs that were stored before they existed keep their text.
    if (!spec.config.empty()) {
        json["config"] = spec.config;
    }
    if (spec.entry != 0) {
        json["entry"] = spec.entry;
    }
    json["argv"] = spec.argv;
    json["directory"] = spec.directory;
    base::Json environment = base::Json::array();
    for (const auto& [name, value] : spec.environment) {
        environment.push_back(base::Json::array({name, value}));
    }
    json["environment"] = std::move(environment);
    json["item_on_stdin"] = spec.item_on_stdin;
    json["timeout_ms"] = spec.timeout ? base::Json(spec.timeout->count()) : base::Json(nullptr);
    json["grace_ms"] = spec.grace.count();
    json["max_attempts"] = spec.max_attempts;
    json["backoff"] = backoff_json(spec.backoff);
    try {
        // Strict: replacing a byte here would silently run another command.
        return json.dump();
    } catch (const base::Json::exception&) {
        throw base::ConfigError(
            "storing a work spec: its command, directory or environment is not UTF-8",
            "pass bytes that are not text through items with --raw and --stdin");
    }
}

WorkSpec work_spec_from_json(const base::JsonText& text) {
    const JsonObjectReader json(text, kWhat);
    WorkSpec spec;
    json.read("machine", spec.machine);
    json.read("config", spec.config);
    json.read("entry", spec.entry);
    spec.argv = strings_from(json, "argv");
    json.read("directory", spec.directory);
    if (const base::Json* environment = json.find_array("environment")) {
        for (const base::Json& pair : *environment) {
            if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() ||
                !pair[1].is_string()) {
                json.refuse("environment", "an array of pairs of strings");
            }
            spec.environment.emplace_back(pair[0].get<std::string>(), pair[1].get<std::string>());
        }
    }
    json.read("item_on_stdin", spec.item_on_stdin);
    json.read("timeout_ms", spec.timeout);
    json.read("grace_ms", spec.grace);
    json.read("max_attempts", spec.max_attempts);
    if (const base::Json* backoff = json.find("backoff")) {
        if (!backoff->is_object()) {
            json.refuse("backoff", "an object");
        }
        spec.backoff = backoff_from(*backoff);
    }
    return spec;
}

}  // namespace fleet::model
