// The members of one mapping, asked for by name: each with its type checked. What was not asked for
// is an unknown key. Lives while one file is read; the nodes outlive it. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "machines/config/diagnostic.hpp"
#include "machines/config/machine_config.hpp"
#include "machines/config/node.hpp"

namespace fleet::config {

/// The smallest number that is allowed, and the largest where there is one.
struct Range {
    double least = 0;
    std::optional<double> most;
};

class Fields {
  public:
    /// `map` is a map; `path` is its dotted path.
    Fields(const Node& map, std::string path, Findings& findings);

    /// The value; nullptr when it is absent or null. From now on the key is known.
    [[nodiscard]] const Node* get(std::string_view key);
    /// As `get`, nullptr also when it has another kind, which is reported.
    [[nodiscard]] const Node* get(std::string_view key, Node::Kind kind);
    [[nodiscard]] std::optional<Node> map(std::string_view key);
    [[nodiscard]] std::optional<std::string> text(std::string_view key);
    [[nodiscard]] std::optional<SourceText> source(std::string_view key);
    [[nodiscard]] std::optional<bool> boolean(std::string_view key);
    [[nodiscard]] std::optional<double> number(std::string_view key, const Range& range);
    [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key, const Range& range);
    [[nodiscard]] std::optional<NumberOrTemplate> number_or_template(std::string_view key);
    [[nodiscard]] std::optional<std::vector<std::string>> texts(std::string_view key);
    /// The index of the text among `names`.
    [[nodiscard]] std::optional<std::size_t> choice(std::string_view key,
                                                    const std::vector<std::string>& names);

    /// Reports every key that was not asked for.
    void finish();

    [[nodiscard]] bool has(std::string_view key) const;
    /// Of a key that is there, or of the mapping.
    [[nodiscard]] Place place_of_key(std::string_view key) const;
    [[nodiscard]] Place place_of(const Node& value, std::string_view key) const;
    [[nodiscard]] Place place() const { return {map_.at, path_}; }
    [[nodiscard]] std::string path_of(std::string_view key) const;
    [[nodiscard]] Findings& findings() { return findings_; }

  private:
    void wrong_kind(const Node& value, std::string_view key, std::string_view wanted);
    [[nodiscard]] bool check_range(const Node& value, std::string_view key, double number,
                                   const Range& range);

    const Node& map_;
    std::string path_;
    Findings& findings_;
    std::vector<std::string> known_;
};

/// A name of a state, agent or machine: a text, or a scalar as it was written (a state named `on`).
[[nodiscard]] std::optional<std::string> name_text(const Node& value);

}  // namespace fleet::config
