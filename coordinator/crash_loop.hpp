// Keeps a worker that dies right after its start from being started again and again. Pure: the
// caller brings the time.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "common/base/time.hpp"

namespace fleet::coordinator {

//   healthy --dies early--> backing off (0, then 0.5 s doubling) --five in a row--> unhealthy
//      ^                          |                                                    |
//      +-- one lives long enough -+------------------- after 5 minutes, one try ------ +
class CrashLoop {
  public:
    /// A worker that lives so long was not in a crash loop.
    static constexpr base::Millis kEarly{10'000};
    static constexpr base::Millis kFirstPause{500};
    static constexpr base::Millis kLongestPause{60'000};
    static constexpr int kUnhealthyAfter = 5;
    static constexpr base::Millis kRetryUnhealthy{300'000};

    struct Hold {
        bool unhealthy = false;
        base::Millis remaining{0};
        std::string reason;
    };

    /// `last_words`: the end of its log; kept as the reason. Workers that were started together and
    /// die together count once.
    void died(const std::string& pool, base::Millis lifetime, const std::string& how,
              const std::string& last_words, base::BootTime now);
    /// A worker that was started after the last death has ended in order, or lives for long enough.
    void proved_healthy(const std::string& pool);
    /// Why nothing of the pool may be launched at `now`, if so.
    [[nodiscard]] std::optional<Hold> hold(const std::string& pool, base::BootTime now) const;
    struct Trouble {
        std::string reason;
        bool is_tried = false;  ///< the hold is over: one at a time is launched
    };
    /// What other hosts should know: the pool became unhealthy here, and none has stayed since.
    [[nodiscard]] std::optional<Trouble> trouble(const std::string& pool, base::BootTime now) const;
    /// When a worker died early, and none has proved healthy since: one at a time is launched.
    [[nodiscard]] std::optional<base::BootTime> on_probation_since(const std::string& pool) const;

  private:
    struct Record {
        int in_a_row = 0;
        base::BootTime last_death{};
        base::BootTime not_before{};
        std::string reason;
    };
    [[nodiscard]] static std::string reason_of(const Record& record);

    std::map<std::string, Record> pools_;
};

}  // namespace fleet::coordinator
