// RapidCheck generators shared by the tests of the codecs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <rapidcheck.h>

#include "common/base/time.hpp"

namespace fleet::model::generators {

/// Valid UTF-8: plain, escaped, control and two-byte characters.
inline rc::Gen<std::string> text() {
    return rc::gen::map(
        rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
            "a", "Z", "0", " ", "\"", "\\", "/", "\n", "\x01", "\x7f", "\xC3\xA4", "{}")),
        [](const std::vector<std::string>& parts) {
            std::string joined;
            for (const std::string& part : parts) {
                joined += part;
            }
            return joined;
        });
}

inline rc::Gen<base::Millis> millis() {
    return rc::gen::map(rc::gen::arbitrary<std::int64_t>(),
                        [](std::int64_t count) { return base::Millis{count}; });
}

inline rc::Gen<base::StoreTime> store_time() {
    return rc::gen::map(rc::gen::arbitrary<std::int64_t>(),
                        [](std::int64_t count) { return base::store_time(count); });
}

template <typename Value>
rc::Gen<std::optional<Value>> optional(const rc::Gen<Value>& value) {
    return rc::gen::oneOf(
        rc::gen::just(std::optional<Value>()),
        rc::gen::map(value, [](const Value& inner) { return std::optional<Value>(inner); }));
}

}  // namespace fleet::model::generators
