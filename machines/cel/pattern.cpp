#include "machines/cel/pattern.hpp"

#include <re2/re2.h>

#include "machines/expression/errors.hpp"

namespace fleet::cel {
namespace {

using expression::ErrorKind;
using expression::excerpt;
using expression::fail;

/// What a compiled expression may take.
constexpr std::int64_t kMaxMemory = std::int64_t{1} << 20;

re2::RE2::Options options() {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(kMaxMemory);
    options.set_never_capture(true);
    return options;
}

}  // namespace

Pattern::Pattern(std::string_view text)
    : compiled_(
          std::make_unique<const re2::RE2>(re2::StringPiece(text.data(), text.size()), options())) {
    if (!compiled_->ok()) {
        const bool too_large = compiled_->error_code() == re2::RE2::ErrorPatternTooLarge;
        fail(too_large ? ErrorKind::limit : ErrorKind::value,
             "'" + excerpt(text) + "' is no regular expression: " + compiled_->error());
    }
}

Pattern::~Pattern() = default;

std::size_t Pattern::steps_for(std::size_t text_bytes) const {
    // At worst every instruction is tried at every byte.
    constexpr std::size_t kInstructionsPerStep = 2048;
    return text_bytes * static_cast<std::size_t>(compiled_->ProgramSize()) / kInstructionsPerStep;
}

bool Pattern::matches(std::string_view text) const {
    return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *compiled_);
}

}  // namespace fleet::cel
