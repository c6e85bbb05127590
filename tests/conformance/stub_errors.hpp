// Errors that stubs throw as their configuration says.
#pragma once

#include <stop_token>
#include <string>

#include "common/base/time.hpp"
#include "machines/expression/value.hpp"

namespace fleet::conformance {

/// Throws the CallError of {type, message}. The text of a KeyError is its message in quotes, as the
/// reference's language prints it.
[[noreturn]] void raise(const expression::Value& error);
[[noreturn]] void raise(const std::string& type, const std::string& message);

/// Sleeps so long. Throws base::Cancelled as soon as it is asked to stop.
void sleep_or_stop(base::Millis duration, const std::stop_token& stop);
/// The member as a time in milliseconds; 0 when it is absent.
[[nodiscard]] base::Millis millis_of(const expression::Value& object, const char* key);

/// The text of a member, or `otherwise` when it is absent.
[[nodiscard]] std::string text_of(const expression::Value& object, const char* key,
                                  const std::string& otherwise = {});

}  // namespace fleet::conformance
