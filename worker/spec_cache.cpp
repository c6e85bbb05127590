#include "worker/spec_cache.hpp"

#include <string>
#include <type_traits>

#include "common/base/errors.hpp"

namespace fleet::worker {

std::shared_ptr<const LoadedSpec> SpecCache::get(std::int64_t number) {
    if (!entries_.empty() && entries_.front().first == number) {
        return entries_.front().second;  // neighbours are nearly always of one spec
    }
    if (const auto place = places_.find(number); place != places_.end()) {
        entries_.splice(entries_.begin(), entries_, place->second);
        return entries_.front().second;
    }
    auto loaded = std::make_shared<const LoadedSpec>(load(number));
    if (entries_.size() >= kCapacity) {
        places_.erase(entries_.back().first);
        entries_.pop_back();
    }
    entries_.emplace_front(number, loaded);
    places_.emplace(number, entries_.begin());
    return loaded;
}

LoadedSpec SpecCache::load(std::int64_t number) {
    const auto unusable = [number](const std::string& why) {
        return model::ExecutionError{
            model::ErrorKind::config, "work spec " + std::to_string(number) + ": " + why, {}};
    };
    try {
        auto spec = work_.spec(number);
        if (!spec) {
            return unusable("the store has none of this number");
        }
        if (spec->machine == model::kStoredMachine) {
            auto machine = machines_.runner().prepare(std::move(*spec));
            return std::visit([](auto& result) { return LoadedSpec(std::move(result)); }, machine);
        }
        auto prepared = runner_.prepare(std::move(*spec));
        return std::visit([](auto& result) { return LoadedSpec(std::move(result)); }, prepared);
    } catch (const base::ProtocolError& error) {
        return unusable(error.full_text());
    } catch (const base::ConfigError& error) {
        return unusable(error.full_text());
    }
}

}  // namespace fleet::worker
