// Several reads of one connection that see one state of the store. Short: a long one keeps the log
// from being reset.
#pragma once

#include "common/base/errors.hpp"
#include "common/store/sqlite/connection.hpp"

namespace fleet::store::sqlite {

/// All reads inside it see one state of the store.
class ReadTransaction {
  public:
    explicit ReadTransaction(Connection& connection) : connection_(connection) {
        connection_.prepare("BEGIN").run();
    }
    ReadTransaction(const ReadTransaction&) = delete;
    ReadTransaction& operator=(const ReadTransaction&) = delete;
    ~ReadTransaction() {
        try {
            connection_.prepare("ROLLBACK").run();
        } catch (const base::Error&) {
            // Nothing was written: there is nothing to undo, and the reason was thrown already.
        }
    }

  private:
    Connection& connection_;
};

}  // namespace fleet::store::sqlite
