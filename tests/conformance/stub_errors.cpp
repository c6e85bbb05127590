#include "tests/conformance/stub_errors.hpp"

#include <chrono>
#include <cmath>
#include <condition_variable>
#include <mutex>

#include "common/base/errors.hpp"
#include "machines/calls/hooks.hpp"
#include "machines/expression/print.hpp"

namespace fleet::conformance {

using expression::Value;

void raise(const std::string& type, const std::string& message) {
    throw calls::CallError(type, type == "KeyError" ? "'" + message + "'" : message);
}

void raise(const Value& error) {
    raise(text_of(error, "type", "Exception"), text_of(error, "message"));
}

void sleep_or_stop(base::Millis duration, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    // The predicate never holds: only the time or the stop ends it.
    stopped.wait_for(lock, stop, duration, [] { return false; });
    if (stop.stop_requested()) {
        throw base::Cancelled("a stub was asked to stop");
    }
}

base::Millis millis_of(const Value& object, const char* key) {
    const Value* const found = object.find(key);
    if (found == nullptr || !found->is_number()) {
        return base::Millis{0};
    }
    return base::Millis{std::llround(found->as_floating())};
}

std::string text_of(const Value& object, const char* key, const std::string& otherwise) {
    const Value* const found = object.find(key);
    return found == nullptr ? otherwise : expression::plain_text(*found);
}

}  // namespace fleet::conformance
