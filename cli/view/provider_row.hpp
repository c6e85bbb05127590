// A provider as it stands at one moment, and how commands say it. Pure: from the store's row and
// that moment alone.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "cli/core/terminal.hpp"
#include "common/model/provider.hpp"
#include "common/pace/density.hpp"
#include "common/pace/provider_row.hpp"

namespace fleet::cli {

/// What is between a provider and its next call.
struct ProviderWait {
    model::HoldReason reason = model::HoldReason::pace;
    /// nullopt: until a person acts, or until a probe under way has ended.
    std::optional<base::StoreTime> until;
    std::string text;
};

struct ProviderRow {
    /// Its circuit and its budget's day moved on to the moment: the stored row changes only with
    /// the next call.
    model::Provider provider;
    pace::Counts ten_seconds;
    pace::Counts minute;
    /// What the fleet's rules would answer to a call; waits of the pace below a second are none.
    std::optional<ProviderWait> wait;
    base::WallTime resets_at{};  ///< when the budget's day ends
    base::Millis left_of_day{0};
    pace::Moment moment;
};

[[nodiscard]] ProviderRow provider_row(const model::Provider& stored, const pace::Moment& moment);

/// "closed", "open until 14:02:11", "open until a person closes it", "half-open, 1 of 3 probes".
[[nodiscard]] std::string circuit_text(const ProviderRow& row);
[[nodiscard]] Colour circuit_colour(const ProviderRow& row);
/// Where the present pace comes from, in a sentence: "learned: last refused at 14:02:11 at 10.4
/// calls/s; resting at 10.1".
[[nodiscard]] std::string pace_reason(const ProviderRow& row);
/// "10.4", "0.25", "1,200".
[[nodiscard]] std::string rate_text(double per_second);
/// "0.8 %"; "-" without calls.
[[nodiscard]] std::string refused_text(const pace::Counts& counts);

/// Of all of them together over the last ten seconds; nullopt: none was called within a minute.
[[nodiscard]] std::optional<double> refused_share(std::span<const model::Provider> providers,
                                                  base::StoreTime now);
/// Why nothing goes on, if providers are why: "waiting for p/m: circuit open ...; `fleet providers`
/// tells more". Waits of the pace are none. Empty: they are not.
[[nodiscard]] std::string wait_note(std::span<const model::Provider> providers,
                                    const pace::Moment& moment);
/// "0.8 %".
[[nodiscard]] std::string percent_text(double share);
/// "1.20", and more digits of what is less than a unit; of millionths of the account's currency.
[[nodiscard]] std::string cost_text(std::int64_t micros);
/// "14:02:11" in UTC, with the date before it when that is another day than that of `now`.
[[nodiscard]] std::string clock_text(base::WallTime at, base::WallTime now);
[[nodiscard]] std::string clock_text(base::StoreTime at, base::StoreTime now);
/// The same without seconds.
[[nodiscard]] std::string minute_text(base::WallTime at, base::WallTime now);

}  // namespace fleet::cli
