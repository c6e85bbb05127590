// Some of many items, evenly spread, in memory that does not grow with their number. Not
// thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fleet::estimate {

class ItemSample {
  public:
    /// Keeps at most `most` items, and at least half as many when there are more.
    explicit ItemSample(std::size_t most) : most_(most) {}

    void add(std::string_view input) {
        if (seen_++ % apart_ != 0) {
            return;
        }
        if (items_.size() == most_) {
            for (std::size_t at = 1; 2 * at < items_.size(); ++at) {
                items_[at] = std::move(items_[2 * at]);
            }
            items_.resize((items_.size() + 1) / 2);
            apart_ *= 2;
            if ((seen_ - 1) % apart_ != 0) {
                return;
            }
        }
        items_.emplace_back(input);
    }
    [[nodiscard]] const std::vector<std::string>& items() const { return items_; }

  private:
    std::size_t most_;
    std::int64_t apart_ = 1;
    std::int64_t seen_ = 0;
    std::vector<std::string> items_;
};

}  // namespace fleet::estimate
