// What an unquoted YAML 1.1 scalar means: `yes` is true, `0777` octal, `1:30` ninety, `1e3` a text.
// Dates stay texts. Pure.
#pragma once

#include <string>
#include <string_view>

#include "machines/config/node.hpp"

namespace fleet::config {

struct Scalar {
    Node::Kind kind = Node::Kind::text;
    std::string text;  ///< as in Node
};

/// `written` is the scalar without quotes.
[[nodiscard]] Scalar resolve_plain_scalar(std::string_view written);

/// The shortest JSON spelling that reads back as this number; always with a point or an exponent.
[[nodiscard]] std::string number_text(double value);

}  // namespace fleet::config
