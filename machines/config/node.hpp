// What a configuration file says, as a tree whose every value knows where it stands. Plain values:
// copied, moved and read from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/json_text.hpp"

namespace fleet::config {

/// Both count from 1; a column counts characters.
struct Position {
    int line = 1;
    int column = 1;
    bool operator==(const Position&) const = default;
};

struct Member;

struct Node {
    enum class Kind { null, boolean, integer, number, text, list, map };

    Kind kind = Kind::null;
    Position at;
    /// Of a text its characters; of the other scalars their JSON spelling ("true", "42", "1.5",
    /// "Infinity"). An integer may have any number of digits.
    std::string text;
    /// How an unquoted scalar was written ("yes", "0777"); empty for all others.
    std::string source;
    std::vector<Node> items;      ///< of a list
    std::vector<Member> members;  ///< of a map, in the file's order, no key twice

    [[nodiscard]] bool is_null() const { return kind == Kind::null; }
    [[nodiscard]] bool is_text() const { return kind == Kind::text; }
    [[nodiscard]] bool is_list() const { return kind == Kind::list; }
    [[nodiscard]] bool is_map() const { return kind == Kind::map; }
    [[nodiscard]] bool is_number() const { return kind == Kind::integer || kind == Kind::number; }

    /// nullopt when it is no boolean.
    [[nodiscard]] std::optional<bool> as_boolean() const;
    /// An integer or a floating-point number; nullopt for other kinds.
    [[nodiscard]] std::optional<double> as_number() const;
    /// nullopt for other kinds and for what does not fit.
    [[nodiscard]] std::optional<std::int64_t> as_integer() const;
    /// The member of that name; nullptr when there is none or this is no map.
    [[nodiscard]] const Member* find(std::string_view key) const;
};

struct Member {
    std::string key;
    Position at;  ///< of the key
    Node value;
};

/// Compact JSON in the file's order. Numbers without a JSON form are written Infinity, -Infinity
/// and NaN, as Python does; read_json takes them back.
[[nodiscard]] base::JsonText to_json(const Node& node);

/// "a text", "a list", ...: for messages.
[[nodiscard]] std::string_view name_of(Node::Kind kind);

}  // namespace fleet::config
