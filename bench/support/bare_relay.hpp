// The raw limit of dispatching: one process inserts a row and writes a byte into a pipe, another
// wakes, claims the row by one UPDATE ... RETURNING, and says when that was committed. Nothing of
// ours, the same table as bare_queue.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

namespace fleet::bench {

/// The waking process: until it is killed. Its times go to the FIFO of StartMarks.
int bare_relay_claimer(const std::filesystem::path& database, const std::filesystem::path& fifo,
                       const std::filesystem::path& bell);

/// The pushing side; starts the claimer as `SELF --bare-relay DATABASE FIFO BELL`. For one thread.
class BareRelay {
  public:
    BareRelay(const std::filesystem::path& folder, const std::string& self);
    BareRelay(const BareRelay&) = delete;
    BareRelay& operator=(const BareRelay&) = delete;
    ~BareRelay();
    /// Milliseconds from before the insert to the claim's commit.
    [[nodiscard]] double once();

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace fleet::bench
