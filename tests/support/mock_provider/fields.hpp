// Reads one JSON object key by key and refuses keys that nobody asked for. For .cpp files that turn
// JSON into typed values. Not thread-safe.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/json.hpp"

namespace fleet::mock_provider {

template <typename Value>
using Choice = std::pair<std::string_view, Value>;

class Fields {
  public:
    /// `where` begins every error: a file, then the keys that lead here. Throws ConfigError when
    /// `object` is no object. The object must outlive this.
    Fields(const base::Json& object, std::string where);

    /// Each gives nullopt for an absent key and throws ConfigError for another type.
    std::optional<std::int64_t> integer(
        const std::string& key, std::int64_t least,
        std::int64_t most = std::numeric_limits<std::int64_t>::max());
    std::optional<double> number(const std::string& key, double least, double most);
    std::optional<bool> boolean(const std::string& key);
    std::optional<std::string> text(const std::string& key);
    std::optional<std::vector<std::string>> texts(const std::string& key);
    const base::Json* value(const std::string& key);

    template <typename Value>
    std::optional<Value> choice(const std::string& key, std::span<const Choice<Value>> choices) {
        const std::optional<std::string> word = text(key);
        if (!word) {
            return std::nullopt;
        }
        return choose(key, *word, choices);
    }
    template <typename Value>
    Value choose(const std::string& key, const std::string& word,
                 std::span<const Choice<Value>> choices) const {
        std::vector<std::string> words;
        for (const auto& [name, chosen] : choices) {
            if (name == word) {
                return chosen;
            }
            words.emplace_back(name);
        }
        refuse_word(key, word, words);
    }

    /// "`where`.`key`"
    [[nodiscard]] std::string path(const std::string& key) const;
    [[noreturn]] void fail(const std::string& key, const std::string& what) const;
    /// Throws ConfigError for the first key that was not asked for; names the nearest that was.
    void done() const;

  private:
    [[noreturn]] void refuse_word(const std::string& key, const std::string& word,
                                  std::span<const std::string> words) const;

    const base::Json& object_;
    std::string where_;
    std::vector<std::string> asked_{};
};

}  // namespace fleet::mock_provider
