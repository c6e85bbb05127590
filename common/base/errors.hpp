// The one hierarchy of failures. Expected outcomes (a lost lease, an absent row, a conflict, a
// time-out) are returned values, never exceptions.
//
// Every message says what was being done, to which id or file and line, what went wrong, and where
// it helps what to do; the last part is kept apart so that the command line can print
// "what happened; what to do".
#pragma once

#include <stdexcept>
#include <string>

namespace fleet::base {

class Error : public std::runtime_error {
  public:
    /// `what_happened`: a clause such as "opening store /x/fleet.db: not a database";
    /// `advice`: what the reader can do about it, may be empty.
    explicit Error(const std::string& what_happened, std::string advice = {});
    [[nodiscard]] const std::string& advice() const noexcept { return advice_; }
    /// "what happened; advice".
    [[nodiscard]] std::string full_text() const;

  private:
    std::string advice_;
};

/// What a person wrote is wrong: a file, an option, a value.
class ConfigError final : public Error {
    using Error::Error;
};

/// The store could not do its work; `kind` tells what a caller may sensibly do.
class StoreError final : public Error {
  public:
    enum class Kind {
        unavailable,  ///< cannot be opened or reached; may come back
        busy,         ///< another writer held the store for longer than the limit
        full,         ///< the disk (or a size limit) is full
        corrupt,      ///< the file is damaged or is not a database
        too_new,      ///< written by a newer program
        unknown,      ///< the outcome of a write is not known; repeat it with the same ids
        internal,     ///< a broken promise of this program or of its library
    };
    StoreError(Kind kind, const std::string& what_happened, std::string advice = {});
    [[nodiscard]] Kind kind() const noexcept { return kind_; }

  private:
    Kind kind_;
};

/// A peer or a child process said something that breaks the agreed form.
class ProtocolError final : public Error {
    using Error::Error;
};

/// The work was asked to stop (stop token, cancel, lease deadline).
class Cancelled final : public Error {
    using Error::Error;
};

/// An operating system call failed: text of the form "doing: strerror(errno)".
[[nodiscard]] std::string describe_errno(const std::string& doing, int error_number);

}  // namespace fleet::base
