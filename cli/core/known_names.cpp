#include "cli/core/known_names.hpp"

#include <optional>
#include <utility>
#include <vector>

#include "common/base/errors.hpp"
#include "common/base/nearest.hpp"

namespace fleet::cli {
namespace {

std::string meant(const std::string& typed, const std::vector<std::string>& known) {
    const std::optional<std::string> nearest = base::nearest_name(typed, known);
    return nearest ? "did you mean \"" + *nearest + "\"? " : "";
}

}  // namespace

model::PoolPolicy require_pool(contracts::Store& store, const std::string& name) {
    if (std::optional<model::PoolPolicy> pool = store.scaling().pool(name)) {
        return *std::move(pool);
    }
    std::vector<std::string> known;
    for (const model::PoolPolicy& pool : store.scaling().pools()) {
        known.push_back(pool.pool);
    }
    throw base::ConfigError("looking for pool \"" + name + "\": there is none of that name",
                            meant(name, known) +
                                "`fleet status` lists the pools, `fleet scale NAME --create` makes "
                                "one");
}

model::Batch require_batch(contracts::Store& store, const std::string& name) {
    if (std::optional<model::Batch> batch = store.work().batch(name)) {
        return *std::move(batch);
    }
    constexpr std::size_t kSearched = 1'000;
    std::vector<std::string> known;
    for (const model::Batch& batch : store.work().batches(kSearched)) {
        known.push_back(batch.name);
    }
    throw base::ConfigError("looking for batch \"" + name + "\": there is none of that name",
                            meant(name, known) + "`fleet batches` lists them");
}

model::Provider require_provider(contracts::Store& store, const std::string& name) {
    std::vector<std::string> known;
    for (model::Provider& provider : store.usage().providers()) {
        if (provider.rules.name == name) {
            return std::move(provider);
        }
        known.push_back(provider.rules.name);
    }
    throw base::ConfigError("looking for provider \"" + name + "\": there is none of that name",
                            meant(name, known) + "`fleet providers` lists them");
}

}  // namespace fleet::cli
