// The lease `host:<id>`: a host has one scaler a store, and only its holder launches and retires.
// Not thread-safe.
#pragma once

#include <optional>
#include <string>

#include "common/base/clock.hpp"
#include "common/base/time.hpp"
#include "common/contracts/store.hpp"

namespace fleet::coordinator {

class HostLease {
  public:
    /// Store and clock must outlive it. `owner` is `host:pid:run_id`.
    HostLease(contracts::Store& store, const base::Clock& clock, std::string host,
              std::string owner, base::Millis ttl);

    /// What stands in the way of the lease.
    struct Holder {
        std::string owner;
        bool alive = false;         ///< seen alive on this box
        base::Millis remaining{0};  ///< until its lease ends unless it is renewed
    };
    /// Takes the lease; breaks it first if its holder is proven dead, by the host's registrations.
    /// nullopt when it is ours.
    [[nodiscard]] std::optional<Holder> acquire();
    /// As acquire, waiting for the lease of a holder that cannot be looked at to end. Throws
    /// ConfigError naming the holder if that lives.
    void acquire_or_explain();

    /// False: somebody else has it. Throws StoreError.
    bool renew();
    /// Our own deadline has not passed: nobody else can have it. Checked before every act.
    [[nodiscard]] bool held() const;
    /// The same as an exception (StoreError unavailable) that says what was about to be done.
    void require(const std::string& doing) const;
    /// Idempotent.
    void release();

    [[nodiscard]] const std::string& key() const { return key_; }

  private:
    bool break_if_dead(const std::string& holder);

    contracts::Store& store_;
    const base::Clock& clock_;
    std::string host_;
    std::string key_;
    std::string owner_;
    base::Millis ttl_;
    std::optional<model::NamedLease> lease_;
    base::BootTime deadline_{};
};

}  // namespace fleet::coordinator
