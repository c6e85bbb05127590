#include "common/base/errors.hpp"

#include <utility>

#include <system_error>

namespace fleet::base {

Error::Error(const std::string& what_happened, std::string advice)
    : std::runtime_error(what_happened), advice_(std::move(advice)) {}

std::string Error::full_text() const {
    return advice_.empty() ? std::string(what()) : std::string(what()) + "; " + advice_;
}

StoreError::StoreError(Kind kind, const std::string& what_happened, std::string advice)
    : Error(what_happened, std::move(advice)), kind_(kind) {}

std::string describe_errno(const std::string& doing, int error_number) {
    // generic_category's message is strerror's text without its shared buffer.
    return doing + ": " + std::generic_category().message(error_number);
}

}  // namespace fleet::base
