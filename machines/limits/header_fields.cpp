#include "machines/limits/header_fields.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "machines/limits/field_list.hpp"
#include "machines/limits/reset_time.hpp"

namespace fleet::limits {
namespace {

using base::Millis;
using model::LimitWindow;
using model::Quantity;

constexpr Millis kUnknown{0};
constexpr Millis kSecond = std::chrono::seconds(1);
constexpr Millis kMinute = std::chrono::minutes(1);
constexpr Millis kHour = std::chrono::hours(1);
constexpr Millis kDay = std::chrono::hours(24);

/// Three headers of one limit: in place of `*` stands "limit", "remaining" or "reset".
struct HeaderFamily {
    std::string_view provider;  ///< empty: any
    std::string_view name;
    Quantity quantity;
    Millis window;
};

/// The first that fits counts.
constexpr std::array kFamilies = std::to_array<HeaderFamily>({
    // One provider counts requests by the day under the names that others use for minutes.
    {"groq", "x-ratelimit-*-requests", Quantity::requests, kDay},
    {"", "x-ratelimit-*-requests", Quantity::requests, kMinute},
    {"", "x-ratelimit-*-tokens", Quantity::tokens, kMinute},
    {"", "x-ratelimit-*-input-tokens", Quantity::input_tokens, kMinute},
    {"", "x-ratelimit-*-output-tokens", Quantity::output_tokens, kMinute},
    {"", "x-ratelimit-*-requests-second", Quantity::requests, kSecond},
    {"", "x-ratelimit-*-requests-minute", Quantity::requests, kMinute},
    {"", "x-ratelimit-*-requests-hour", Quantity::requests, kHour},
    {"", "x-ratelimit-*-requests-day", Quantity::requests, kDay},
    {"", "x-ratelimit-*-tokens-minute", Quantity::tokens, kMinute},
    {"", "x-ratelimit-*-tokens-hour", Quantity::tokens, kHour},
    {"", "x-ratelimit-*-tokens-day", Quantity::tokens, kDay},
    {"", "anthropic-ratelimit-requests-*", Quantity::requests, kMinute},
    {"", "anthropic-ratelimit-tokens-*", Quantity::tokens, kMinute},
    {"", "anthropic-ratelimit-input-tokens-*", Quantity::input_tokens, kMinute},
    {"", "anthropic-ratelimit-output-tokens-*", Quantity::output_tokens, kMinute},
    {"", "x-ratelimit-*", Quantity::requests, kUnknown},
    {"", "x-rate-limit-*", Quantity::requests, kUnknown},
    {"", "ratelimit-*", Quantity::requests, kUnknown},
});

enum class Part { limit, remaining, reset };

std::optional<Part> part_named(std::string_view name) {
    if (is_same_name(name, "limit")) {
        return Part::limit;
    }
    if (is_same_name(name, "remaining")) {
        return Part::remaining;
    }
    return is_same_name(name, "reset") ? std::optional(Part::reset) : std::nullopt;
}

/// What the name has in place of the star.
std::optional<Part> part_in(std::string_view name, const HeaderFamily& family) {
    const std::size_t star = family.name.find('*');
    const std::string_view before = family.name.substr(0, star);
    const std::string_view after = family.name.substr(star + 1);
    if (name.size() <= before.size() + after.size() ||
        !is_same_name(name.substr(0, before.size()), before) ||
        !is_same_name(name.substr(name.size() - after.size()), after)) {
        return std::nullopt;
    }
    return part_named(name.substr(before.size(), name.size() - before.size() - after.size()));
}

std::optional<std::int64_t> limit_of(std::string_view text) {
    const auto count = parse_count(text);
    return count && *count > 0 ? count : std::nullopt;
}

std::optional<Millis> window_of(std::string_view seconds) {
    const auto number = parse_decimal(seconds);
    const auto span = number ? parse_span(std::string(seconds) + "s") : std::nullopt;
    return span && span->count() > 0 ? span : std::nullopt;
}

Quantity quantity_named(std::string_view name) {
    std::string lower(name);
    std::ranges::transform(lower, lower.begin(), [](char one) {
        return one >= 'A' && one <= 'Z' ? static_cast<char>(one - 'A' + 'a') : one;
    });
    if (lower.find("token") == std::string::npos) {
        return Quantity::requests;
    }
    if (lower.find("input") != std::string::npos) {
        return Quantity::input_tokens;
    }
    return lower.find("output") != std::string::npos ? Quantity::output_tokens : Quantity::tokens;
}

class WindowReader {
  public:
    WindowReader(std::string_view provider, base::WallTime answered_at)
        : provider_(provider.substr(0, provider.find('/'))), answered_at_(answered_at) {}

    std::vector<LimitWindow> read(std::span<const HeaderField> headers) {
        for (const HeaderField& header : headers) {
            read_family(header);
        }
        read_standard(headers);
        std::erase_if(windows_, [](const LimitWindow& one) {
            return !one.limit && !one.remaining && !one.reset_after;
        });
        return std::move(windows_);
    }

  private:
    /// nullptr when there are too many.
    LimitWindow* window(Quantity quantity, std::optional<Millis> length) {
        const auto found = std::ranges::find_if(windows_, [&](const LimitWindow& one) {
            return one.quantity == quantity && one.window == length;
        });
        if (found != windows_.end()) {
            return &*found;
        }
        if (windows_.size() >= kMostWindows) {
            return nullptr;
        }
        LimitWindow added;
        added.quantity = quantity;
        added.window = length;
        windows_.push_back(added);
        return &windows_.back();
    }

    void read_family(const HeaderField& header) {
        for (const HeaderFamily& family : kFamilies) {
            if (!family.provider.empty() && !is_same_name(family.provider, provider_)) {
                continue;
            }
            if (const auto part = part_in(header.name, family)) {
                LimitWindow* const into =
                    window(family.quantity,
                           family.window == kUnknown ? std::nullopt : std::optional(family.window));
                if (into != nullptr) {
                    store(*into, *part, header.value);
                }
                return;
            }
        }
    }

    void store(LimitWindow& into, Part part, std::string_view value) {
        switch (part) {
            case Part::limit:
                // "100, 100;w=60, 10000;w=86400": the first is the one that counts now.
                into.limit = into.limit ? into.limit : limit_of(first_value(value));
                break;
            case Part::remaining:
                into.remaining = into.remaining ? into.remaining : parse_count(first_value(value));
                break;
            case Part::reset:
                into.reset_after = into.reset_after ? into.reset_after : reset_of(value);
                break;
        }
    }

    static std::string_view first_value(std::string_view value) {
        return trimmed(value.substr(0, value.find_first_of(",;")));
    }

    [[nodiscard]] std::optional<Millis> reset_of(std::string_view value) const {
        const auto wait = parse_wait(value, answered_at_);
        return wait ? std::optional(std::min(*wait, kLongestReset)) : std::nullopt;
    }

    /// `RateLimit` and `RateLimit-Policy` in the forms of the drafts, old and new.
    void read_standard(std::span<const HeaderField> headers) {
        std::vector<ListItem> policies = parse_list(find_header(headers, "ratelimit-policy"));
        for (const std::string_view name : {"ratelimit-limit", "x-ratelimit-limit"}) {
            for (ListItem& item : parse_list(find_header(headers, name))) {
                policies.push_back(std::move(item));
            }
        }
        const std::vector<ListItem> states = parse_list(find_header(headers, "ratelimit"));
        for (const ListItem& state : states) {
            read_state(state);
        }
        for (const ListItem& policy : policies) {
            read_policy(policy, states);
        }
    }

    /// "limit=100", "remaining=50", "reset=5" of the older draft; the newer one's items are names
    /// and are joined with their policy.
    void read_state(const ListItem& state) {
        if (state.is_quoted || state.value.find('=') == std::string_view::npos) {
            return;
        }
        const std::size_t equals = state.value.find('=');
        const auto part = part_named(trimmed(state.value.substr(0, equals)));
        LimitWindow* const into = part ? window(Quantity::requests, std::nullopt) : nullptr;
        if (into != nullptr) {
            store(*into, *part, state.value.substr(equals + 1));
        }
    }

    void read_policy(const ListItem& policy, const std::vector<ListItem>& states) {
        const std::string_view window_text =
            policy.parameter("w").empty() ? policy.parameter("window") : policy.parameter("w");
        const auto length = window_of(window_text);
        if (const std::string_view quota = policy.parameter("q"); !quota.empty()) {
            read_named_policy(policy, limit_of(quota), length, states);
            return;
        }
        const auto limit = limit_of(policy.value);
        if (!limit || !length) {
            return;
        }
        // The headers that state what remains mean the policy of their limit.
        const auto stated = std::ranges::find_if(windows_, [&](const LimitWindow& one) {
            return one.quantity == Quantity::requests && !one.window && one.limit == limit;
        });
        if (stated != windows_.end()) {
            stated->window = length;
        } else if (LimitWindow* const into = window(Quantity::requests, length)) {
            into->limit = into->limit ? into->limit : limit;
        }
    }

    void read_named_policy(const ListItem& policy, std::optional<std::int64_t> limit,
                           std::optional<Millis> length, const std::vector<ListItem>& states) {
        const std::string_view unit = policy.parameter("qu");
        if (unit == "content-bytes" || unit == "concurrent-requests") {
            return;
        }
        LimitWindow* const into =
            window(quantity_named(unit.empty() ? policy.value : unit), length);
        if (into == nullptr) {
            return;
        }
        into->limit = into->limit ? into->limit : limit;
        for (const ListItem& state : states) {
            if (state.value == policy.value && state.is_quoted == policy.is_quoted) {
                store(*into, Part::remaining, state.parameter("r"));
                store(*into, Part::reset, state.parameter("t"));
            }
        }
    }

    std::string_view provider_;
    base::WallTime answered_at_;
    std::vector<LimitWindow> windows_;
};

}  // namespace

bool is_same_name(std::string_view left, std::string_view right) {
    const auto lower = [](char one) {
        return one >= 'A' && one <= 'Z' ? static_cast<char>(one - 'A' + 'a') : one;
    };
    return std::ranges::equal(left, right, {}, lower, lower);
}

std::string_view find_header(std::span<const HeaderField> headers, std::string_view name) {
    const auto found = std::ranges::find_if(
        headers, [&](const HeaderField& header) { return is_same_name(header.name, name); });
    return found == headers.end() ? std::string_view() : trimmed(found->value);
}

std::vector<LimitWindow> limit_windows(std::string_view provider,
                                       std::span<const HeaderField> headers,
                                       base::WallTime answered_at) {
    return WindowReader(provider, answered_at).read(headers);
}

}  // namespace fleet::limits
