#include "cli/core/context.hpp"

namespace fleet::cli {

base::StoreUrl CommandContext::store_url() const {
    if (!store_option.empty()) {
        return base::StoreUrl::parse(store_option, directory);
    }
    return base::default_store_url(directory, environment("FLEET_STORE").value_or(""));
}

std::unique_ptr<contracts::Store> CommandContext::open_store(store::Missing missing) const {
    return store::open_store(store_url(), clock, missing);
}

}  // namespace fleet::cli
