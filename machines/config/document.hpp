// Reads one configuration file, YAML 1.1 or JSON, to a tree with positions. Nothing in a file can
// make it take unbounded memory, time or stack: see Limits. Pure but for read_document.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "machines/config/diagnostic.hpp"
#include "machines/config/node.hpp"

namespace fleet::config {

struct Limits {
    std::size_t file_bytes = std::size_t{8} << 20;
    /// Lists and mappings within each other.
    std::size_t depth = 200;
    /// Values after every alias was replaced by what it stands for, and the bytes of their texts.
    std::size_t nodes = 500'000;
    std::size_t text_bytes = std::size_t{32} << 20;
};

enum class Syntax { yaml, json };

/// JSON for names that end in ".json".
[[nodiscard]] Syntax syntax_of(const std::filesystem::path& file);

struct ParsedDocument {
    /// Absent when it could not be read; `diagnostics` holds the reason then. Otherwise they are
    /// warnings. An empty file is a null node.
    std::optional<Node> root;
    std::vector<Diagnostic> diagnostics;
    /// What was parsed, for places inside of texts; empty when it was not parsed from a file.
    std::string source{};
};

/// `file` is for messages only.
[[nodiscard]] ParsedDocument parse_document(std::string_view text, const std::string& file,
                                            Syntax syntax, const Limits& limits = {});

/// The file's text; nullopt when there is no such file. Throws base::ConfigError when it is there
/// and cannot be read, or is larger than the limit.
[[nodiscard]] std::optional<std::string> read_text(const std::filesystem::path& file,
                                                   const Limits& limits = {});

/// Thrown and caught between the readers of a syntax and parse_document.
struct Malformed {
    Position at;
    std::string message;
    std::string advice;
};

/// The two syntaxes: throw Malformed. `text` is UTF-8 without control characters.
[[nodiscard]] Node parse_yaml(std::string_view text, const Limits& limits, Findings& findings);
[[nodiscard]] Node parse_json_document(std::string_view text, const Limits& limits,
                                       Findings& findings);

}  // namespace fleet::config
