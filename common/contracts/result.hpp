// Results by URI: flatagents://{execution_id}/result.
//
// Thread safety and errors as in work.hpp. For an execution of this store, the result is the output
// of its terminal commit; any other id may be written and read freely.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "common/base/json_text.hpp"
#include "common/base/time.hpp"

namespace fleet::contracts {

class ResultBackend {
  public:
    ResultBackend() = default;
    ResultBackend(const ResultBackend&) = delete;
    ResultBackend& operator=(const ResultBackend&) = delete;
    virtual ~ResultBackend() = default;

    /// Replaces what is there; wakes blocked readers, in other processes too. The result of an
    /// execution of this store is written by its commit only: ProtocolError.
    virtual void write(const std::string& uri, const base::JsonText& data) = 0;
    /// Waits up to `timeout` (0: does not wait) for the result to be there; nullopt: it is not (a
    /// time-out). Throws Cancelled when `stop` is requested, ProtocolError for a malformed URI.
    [[nodiscard]] virtual std::optional<base::JsonText> read(const std::string& uri,
                                                             base::Millis timeout,
                                                             std::stop_token stop) = 0;
    [[nodiscard]] virtual bool exists(const std::string& uri) = 0;
    /// False if there was none.
    virtual bool remove(const std::string& uri) = 0;
};

/// "flatagents://{execution_id}/result".
[[nodiscard]] std::string result_uri(const std::string& execution_id);

struct ResultAddress {
    std::string execution_id;
    std::string path;  ///< "result" or "checkpoint"
};
/// Throws ProtocolError saying what a URI looks like.
[[nodiscard]] ResultAddress parse_result_uri(const std::string& uri);

/// Results above this size go to content-addressed files beside the store.
inline constexpr std::size_t kInlineResultBytes = 256U << 10U;

}  // namespace fleet::contracts
