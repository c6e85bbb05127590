#include "tests/support/mock_provider/fields.hpp"

#include <algorithm>
#include <cmath>

#include "common/base/errors.hpp"
#include "common/base/nearest.hpp"

namespace fleet::mock_provider {

Fields::Fields(const base::Json& object, std::string where)
    : object_(object), where_(std::move(where)) {
    if (!object_.is_object()) {
        throw base::ConfigError(where_ + (where_.ends_with(": ") ? "" : ": ") +
                                "has to be an object, is " + object_.type_name());
    }
}

const base::Json* Fields::value(const std::string& key) {
    asked_.push_back(key);
    const auto found = object_.find(key);
    return found == object_.end() ? nullptr : &*found;
}

std::optional<std::int64_t> Fields::integer(const std::string& key, std::int64_t least,
                                            std::int64_t most) {
    const base::Json* found = value(key);
    if (found == nullptr) {
        return std::nullopt;
    }
    const bool fits = found->is_number_unsigned()
                          ? found->get<std::uint64_t>() <=
                                static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())
                          : found->is_number_integer();
    if (!fits || found->get<std::int64_t>() < least || found->get<std::int64_t>() > most) {
        const bool open = most == std::numeric_limits<std::int64_t>::max();
        fail(key, "has to be a whole number, " +
                      (open ? "at least " + std::to_string(least)
                            : std::to_string(least) + " to " + std::to_string(most)) +
                      ", is " + found->dump());
    }
    return found->get<std::int64_t>();
}

std::optional<double> Fields::number(const std::string& key, double least, double most) {
    const base::Json* found = value(key);
    if (found == nullptr) {
        return std::nullopt;
    }
    if (!found->is_number() || found->get<double>() < least || found->get<double>() > most) {
        fail(key, "has to be a number, " + base::Json(least).dump() + " to " +
                      base::Json(most).dump() + ", is " + found->dump());
    }
    return found->get<double>();
}

std::optional<bool> Fields::boolean(const std::string& key) {
    const base::Json* found = value(key);
    if (found == nullptr) {
        return std::nullopt;
    }
    if (!found->is_boolean()) {
        fail(key, "has to be true or false, is " + found->dump());
    }
    return found->get<bool>();
}

std::optional<std::string> Fields::text(const std::string& key) {
    const base::Json* found = value(key);
    if (found == nullptr) {
        return std::nullopt;
    }
    if (!found->is_string()) {
        fail(key, "has to be a text, is " + found->dump());
    }
    return found->get<std::string>();
}

std::optional<std::vector<std::string>> Fields::texts(const std::string& key) {
    const base::Json* found = value(key);
    if (found == nullptr) {
        return std::nullopt;
    }
    const bool fits = found->is_array() && std::ranges::all_of(*found, [](const base::Json& each) {
                          return each.is_string();
                      });
    if (!fits) {
        fail(key, "has to be a list of texts, is " + found->dump());
    }
    return found->get<std::vector<std::string>>();
}

std::string Fields::path(const std::string& key) const {
    return where_.ends_with(": ") ? where_ + key : where_ + "." + key;
}

void Fields::fail(const std::string& key, const std::string& what) const {
    throw base::ConfigError(path(key) + ": " + what);
}

void Fields::refuse_word(const std::string& key, const std::string& word,
                         std::span<const std::string> words) const {
    std::string known;
    for (const std::string& each : words) {
        known += (known.empty() ? "" : ", ") + each;
    }
    const std::optional<std::string> nearest = base::nearest_name(word, words);
    fail(key, "has no choice \"" + word + "\"" +
                  (nearest ? " (did you mean " + *nearest + "?)" : "") + ", only " + known);
}

void Fields::done() const {
    for (const auto& [key, ignored] : object_.items()) {
        if (std::ranges::find(asked_, key) != asked_.end()) {
            continue;
        }
        const std::optional<std::string> nearest = base::nearest_name(key, asked_);
        throw base::ConfigError(
            path(key) + ": unknown key" + (nearest ? "; did you mean " + *nearest + "?" : ""),
            "docs/mock_provider.md lists the keys");
    }
}

}  // namespace fleet::mock_provider
