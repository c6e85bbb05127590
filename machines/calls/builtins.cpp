#include "machines/calls/builtins.hpp"

#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "common/base/errors.hpp"
#include "common/base/json.hpp"
#include "common/base/nearest.hpp"

namespace fleet::calls {
namespace {

constexpr std::array<std::pair<std::string_view, Machine>, 4> kMachines{{
    {"builtin:command", Machine::command},
    {"builtin:noop", Machine::noop},
    {"builtin:echo", Machine::echo},
    {"builtin:sleep", Machine::sleep},
}};

/// Waits count CLOCK_MONOTONIC: after a suspend of the box a longer one would end too late.
constexpr std::chrono::seconds kLongestWait{30};

model::Next config_failure(std::string message) {
    return model::NextFailed{model::FailureClass::permanent,
                             {model::ErrorKind::config, std::move(message), ""},
                             base::Millis{0}};
}

/// The seconds, or what is wrong with the input.
std::variant<double, std::string> sleep_seconds(const base::JsonText& input) {
    const std::string wanted = "builtin:sleep takes {\"seconds\": S} with S from 0 to " +
                               std::to_string(static_cast<long>(kLongestSleepSeconds)) +
                               ", its input is ";
    if (input.empty()) {
        return wanted + "absent";
    }
    try {
        const base::Json value = base::parse_json(input, "the input of builtin:sleep");
        const auto seconds = value.is_object() ? value.find("seconds") : value.end();
        if (!value.is_object() || seconds == value.end() || !seconds->is_number() ||
            !(seconds->get<double>() >= 0.0 && seconds->get<double>() <= kLongestSleepSeconds)) {
            return wanted + input.substr(0, 200);
        }
        return seconds->get<double>();
    } catch (const base::ConfigError& error) {
        return error.full_text();
    }
}

std::optional<model::Next> sleep(const base::JsonText& input, const base::Clock& clock,
                                 const std::stop_token& stop) {
    const auto seconds = sleep_seconds(input);
    if (const auto* wrong = std::get_if<std::string>(&seconds)) {
        return config_failure(*wrong);
    }
    const base::BootTime end =
        clock.boot_now() + std::chrono::round<std::chrono::nanoseconds>(
                               std::chrono::duration<double>(std::get<double>(seconds)));
    std::mutex mutex;
    std::condition_variable_any never_notified;
    std::unique_lock lock(mutex);
    for (base::BootTime now = clock.boot_now(); now < end; now = clock.boot_now()) {
        never_notified.wait_for(lock, stop,
                                std::min<std::chrono::nanoseconds>(end - now, kLongestWait),
                                [] { return false; });
        if (stop.stop_requested()) {
            return std::nullopt;
        }
    }
    return model::NextDone{"null"};
}

}  // namespace

const std::vector<std::string>& machine_names() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> all;
        all.reserve(kMachines.size());
        for (const auto& [name, machine] : kMachines) {
            all.emplace_back(name);
        }
        return all;
    }();
    return names;
}

std::optional<Machine> parse_machine(std::string_view name) {
    for (const auto& [known, machine] : kMachines) {
        if (known == name) {
            return machine;
        }
    }
    return std::nullopt;
}

std::string unknown_machine(std::string_view name) {
    std::string message = "unknown machine \"" + std::string(name) + "\"; ";
    if (const auto near = base::nearest_name(name, machine_names())) {
        return message + "did you mean " + *near + "?";
    }
    message += "known are";
    for (const std::string& known : machine_names()) {
        message += (&known == &machine_names().front() ? " " : ", ") + known;
    }
    return message;
}

bool is_in_process(Machine machine) {
    return machine != Machine::command;
}

std::optional<model::Next> run_in_process(Machine machine, const base::JsonText& input,
                                          const base::Clock& clock, const std::stop_token& stop) {
    switch (machine) {
        case Machine::noop:
            return model::NextDone{"null"};
        case Machine::echo:
            return model::NextDone{input.empty() ? "null" : input};
        case Machine::sleep:
            return sleep(input, clock, stop);
        case Machine::command:
            break;
    }
    throw base::StoreError(base::StoreError::Kind::internal,
                           "running builtin:command inside the worker");
}

}  // namespace fleet::calls
