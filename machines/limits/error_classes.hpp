// What kind of "no" an error answer is: by texts that providers use, then by its status. Plain
// data and pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/model/rate_limit.hpp"

namespace fleet::limits {

/// Applies when everything that it names fits. One that names neither text nor status applies to
/// every error of its provider.
struct ErrorClass {
    std::string text;           ///< in the answer's text, whatever the case; empty: any text
    std::optional<int> status;  ///< nullopt: any status
    std::string provider;       ///< "openai"; empty: any provider
    model::Refusal refusal = model::Refusal::none;
};

/// What a user adds (fleet.yml). They are looked at before the built-in ones, in their order; the
/// first that fits decides.
struct ErrorClasses {
    std::vector<ErrorClass> added;
};

/// The built-in ones, in their order.
[[nodiscard]] const std::vector<ErrorClass>& built_in_classes();

/// Only so much of a text is looked at.
inline constexpr std::size_t kClassifiedBytes = std::size_t{16} << 10U;

struct ErrorAnswer {
    std::string_view provider;  ///< "openai" or "openai/model"
    int status = 0;
    std::string_view text;
};

/// `none` for statuses below 400, for 408 and for the 5xx that say nothing of limits: an answer of
/// 200 that holds an error is asked for with the status that its text names.
[[nodiscard]] model::Refusal classify(const ErrorAnswer& answer, const ErrorClasses& classes);

}  // namespace fleet::limits
