#include "machines/definitions/built_in.hpp"

#include <algorithm>

#include "common/base/errors.hpp"
#include "machines/config/diagnostic.hpp"

namespace fleet::definitions {

const BuiltIn* find_built_in(std::string_view name) {
    const auto all = built_ins();
    const auto found =
        std::ranges::find_if(all, [&](const BuiltIn& one) { return one.name == name; });
    return found == all.end() ? nullptr : &*found;
}

config::LoadResult load_built_in(std::string_view name) {
    if (const BuiltIn* const one = find_built_in(name)) {
        return config::load_canonical(one->canonical);
    }
    std::vector<std::string> names;
    for (const BuiltIn& one : built_ins()) {
        names.emplace_back(one.name);
    }
    throw base::ConfigError("there is no machine builtin:" + std::string(name),
                            config::suggestion(name, names));
}

}  // namespace fleet::definitions
