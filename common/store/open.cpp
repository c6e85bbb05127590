#include "common/store/open.hpp"

#include <filesystem>

#include <system_error>

#include "common/base/errors.hpp"
#include "common/store/memory/memory_store.hpp"
#include "common/store/sqlite/sqlite_store.hpp"

namespace fleet::store {
namespace {

void require_file(const base::StoreUrl& url) {
    std::error_code failure;
    const bool there = std::filesystem::exists(url.path, failure);
    if (failure) {
        throw base::ConfigError("opening the store " + url.path + ": " + failure.message(),
                                "check the path and who may read it");
    }
    if (!there) {
        throw base::ConfigError("opening the store " + url.path + ": there is no such file",
                                "name a store with --store, or make one: fleet run and fleet "
                                "submit do");
    }
}

}  // namespace

std::unique_ptr<contracts::Store> open_store(const base::StoreUrl& url, const base::Clock& clock,
                                             Missing missing) {
    if (url.scheme == "memory") {
        return memory::make_memory_store(url, clock);
    }
    if (url.scheme == "sqlite") {
        if (missing == Missing::refuse) {
            require_file(url);
        }
        return sqlite::make_sqlite_store(url, clock, missing == Missing::create);
    }
    throw base::ConfigError("opening the store " + url.text_without_secrets() +
                                ": this program knows no stores of the kind " + url.scheme + ":",
                            "use sqlite:PATH or memory:");
}

}  // namespace fleet::store
