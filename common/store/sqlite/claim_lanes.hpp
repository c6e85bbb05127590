// Which lane a claim takes from next. Used inside one write transaction.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/contracts/work.hpp"
#include "common/store/sqlite/writer.hpp"

namespace fleet::store::sqlite {

/// A lane and the rank of its first execution.
struct ClaimLane {
    std::int64_t lane = 0;
    std::int64_t top_rank = 0;
    bool is_retried = false;  ///< by the index of what was begun before and ranks as new
};

class ClaimLanes {
  public:
    /// `batch`: of the private lane; 0: the lanes that all share. The request outlives it. `wall`:
    /// for the days of budgets.
    ClaimLanes(WriteTransaction& transaction, std::int64_t pool, std::int64_t batch,
               const contracts::ClaimRequest& request, base::WallTime wall);

    /// The lane whose first execution comes first; nullopt: none has any.
    [[nodiscard]] std::optional<ClaimLane> best();
    /// A stage is kept out because the buffer behind it is full or its provider is closed.
    [[nodiscard]] bool is_blocked() const { return is_blocked_; }

  private:
    void read_marks();
    [[nodiscard]] bool wanted(std::string_view stage) const;
    /// Where the stages' marks put it; nullopt: nowhere.
    [[nodiscard]] std::optional<std::int64_t> place_of(std::string_view stage) const;

    WriteTransaction& transaction_;
    const std::int64_t pool_;
    const std::int64_t batch_;
    const contracts::ClaimRequest& request_;
    const base::WallTime wall_;
    bool has_marks_ = false;
    bool is_lifted_ = false;
    bool is_blocked_ = false;
    std::map<std::string, std::int64_t, std::less<>> places_;
};

}  // namespace fleet::store::sqlite
