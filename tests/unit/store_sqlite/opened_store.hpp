// A fresh SQLite store on a clock that stands still, with the file laid open.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/contracts/store.hpp"
#include "common/store/sqlite/connection.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/test_clock.hpp"

namespace fleet::store::sqlite::test {

class OpenedStore {
  public:
    OpenedStore();

    [[nodiscard]] contracts::Store& store() { return *store_; }
    [[nodiscard]] test_support::TestClock& clock() { return clock_; }
    [[nodiscard]] std::filesystem::path folder() const { return folder_.path(); }
    [[nodiscard]] std::filesystem::path file() const { return folder_.path() / "test.db"; }
    [[nodiscard]] std::filesystem::path data_folder() { return store_->data_folder(); }

    /// One or more statements, past the store.
    void execute(const char* sql);
    /// The first column of the first row, as text; "(none)" without a row.
    [[nodiscard]] std::string query(const char* sql);

    /// Registered in pool `default`; returns its id.
    std::string worker(const std::string& worker_id = "w1");
    std::vector<model::ExecutionId> push(std::size_t count, const std::string& batch = {});
    std::vector<contracts::Claimed> claim(std::size_t limit, const std::string& worker_id = "w1");
    model::CommitResult commit(const contracts::Claimed& claimed, model::Next next);
    /// Pushed, claimed and done with this output.
    model::ExecutionId finished(const base::JsonText& output);

  private:
    test_support::TemporaryFolder folder_;
    test_support::TestClock clock_;
    std::unique_ptr<contracts::Store> store_;
};

}  // namespace fleet::store::sqlite::test
