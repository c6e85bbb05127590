#include "tests/contract/store_kinds.hpp"

#include "common/base/store_url.hpp"
#include "common/store/open.hpp"

namespace fleet::contract_test {

std::vector<std::string> store_kinds() {
    return {"memory:", "sqlite:fleet.db"};
}

std::unique_ptr<contracts::Store> open_fresh(const std::string& kind,
                                             const std::filesystem::path& folder,
                                             const base::Clock& clock) {
    return store::open_store(base::StoreUrl::parse(kind, folder), clock);
}

}  // namespace fleet::contract_test
