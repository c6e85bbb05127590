// Enumerators and their texts, both ways, from one table each. Only for .cpp files.
#pragma once

#include <array>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

namespace fleet::model {

template <typename Enum, std::size_t Count>
using NameTable = std::array<std::pair<Enum, std::string_view>, Count>;

template <typename Enum, std::size_t Count>
std::string_view name_of(const NameTable<Enum, Count>& table, Enum value) {
    for (const auto& [known, name] : table) {
        if (known == value) {
            return name;
        }
    }
    std::abort();  // a value that is none of its type's enumerators: a programmer's error
}

template <typename Enum, std::size_t Count>
std::optional<Enum> value_of(const NameTable<Enum, Count>& table, std::string_view text) {
    for (const auto& [value, name] : table) {
        if (name == text) {
            return value;
        }
    }
    return std::nullopt;
}

}  // namespace fleet::model
