// Results by URI: outputs of executions of this store, and the table `results` for all other ids.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "common/contracts/result.hpp"
#include "common/store/sqlite/database.hpp"

namespace fleet::store::sqlite {

class SqliteResults final : public contracts::ResultBackend {
  public:
    explicit SqliteResults(Database& database) : database_(database) {}

    void write(const std::string& uri, const base::JsonText& data) override;
    std::optional<base::JsonText> read(const std::string& uri, base::Millis timeout,
                                       std::stop_token stop) override;
    bool exists(const std::string& uri) override;
    bool remove(const std::string& uri) override;

  private:
    Database& database_;
};

}  // namespace fleet::store::sqlite
