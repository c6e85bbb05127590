// The values of CEL: those of contexts, and beside them, as objects that live only while an
// expression is evaluated, uint, bytes, timestamp, duration, type, and maps whose keys are not all
// strings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "machines/cel/time.hpp"
#include "machines/expression/value.hpp"

namespace fleet::cel {

using expression::Kind;
using expression::List;
using expression::Value;

enum class Type {
    null,
    boolean,
    integer,
    unsigned_integer,
    floating,
    string,
    bytes,
    list,
    map,
    timestamp,
    duration,
    type,
};

[[nodiscard]] Type type_of(const Value& value);
/// As `type()` names it: "int", "google.protobuf.Timestamp".
[[nodiscard]] std::string_view name_of(Type type);

[[nodiscard]] Value unsigned_value(std::uint64_t number);
[[nodiscard]] Value bytes_value(std::string bytes);
[[nodiscard]] Value timestamp_value(const Timestamp& time);
[[nodiscard]] Value duration_value(const Duration& duration);
[[nodiscard]] Value type_value(Type type);

// Each is only for values of that type.
[[nodiscard]] std::uint64_t as_unsigned(const Value& value);
[[nodiscard]] const std::string& as_bytes(const Value& value);
[[nodiscard]] const Timestamp& as_timestamp(const Value& value);
[[nodiscard]] const Duration& as_duration(const Value& value);
[[nodiscard]] Type as_type(const Value& value);

using Entries = std::vector<std::pair<Value, Value>>;

/// Throws EvaluationError: type for a key that no map can have, key for one that is there twice.
[[nodiscard]] Value map_value(Entries entries);
[[nodiscard]] const Entries& entries_of(const Value& map);
/// Null pointer when there is none; 1, 1u and 1.0 are the same key.
[[nodiscard]] const Value* find_in_map(const Value& map, const Value& key);

/// Counts what an evaluation does, and ends it when that is too much (limit).
class Meter {
  public:
    void charge(std::size_t steps);
    void charge_text(std::size_t bytes) { charge(bytes / kBytesPerStep); }
    /// Looking for a part in a text takes, at worst, time in proportion to both.
    void charge_search(std::size_t text_bytes, std::size_t part_bytes) {
        charge_text(text_bytes + part_bytes);
        charge((text_bytes / kSearchedBytes) * (part_bytes / kSearchedBytes));
    }

  private:
    static constexpr std::size_t kBytesPerStep = 64;
    static constexpr std::size_t kSearchedBytes = 256;

    std::size_t steps_ = 0;
};

/// The value as the rest of the program knows them.
[[nodiscard]] Value to_plain(const Value& value);

}  // namespace fleet::cel
