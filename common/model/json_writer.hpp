// Writes one JSON object member by member, in the order of the calls. Records are written for every
// item that ends, so this goes straight to the text without building a tree of values.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/json_text.hpp"
#include "common/base/time.hpp"

namespace fleet::model {

class JsonObjectWriter {
  public:
    /// Invalid UTF-8 is replaced by U+FFFD.
    void text(std::string_view name, std::string_view value);
    void integer(std::string_view name, std::int64_t value);
    void boolean(std::string_view name, bool value);
    void null(std::string_view name);
    /// ISO 8601.
    void time(std::string_view name, base::StoreTime value);
    /// A value that is JSON already; empty means null. Its line breaks become spaces.
    void embed(std::string_view name, const base::JsonText& value);

    /// The object; the writer is empty afterwards.
    [[nodiscard]] base::JsonText finish();

  private:
    void begin_member(std::string_view name);

    std::string json_ = "{";
};

/// A JSON string with its quotes.
void append_json_string(std::string& json, std::string_view value);

}  // namespace fleet::model
